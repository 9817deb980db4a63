"""Validated reports: what a source said about an order, as typed values."""
