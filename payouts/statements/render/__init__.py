"""A statement as text and CSV."""
