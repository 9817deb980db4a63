"""The contents of a statement as one JSON value."""
