"""Reconciliation: the books and the rail are compared both ways."""
