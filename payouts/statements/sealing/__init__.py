"""The seal of a statement: parts of at most 1 MB, and a head that names their hashes (format 2)."""
