"""The self-check: what must be true of the books before money moves."""
