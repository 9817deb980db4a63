"""Orders: their tables, other names and locks."""
