"""Inviting creators: one, a pasted list, or a file."""
