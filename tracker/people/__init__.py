"""Brands, their users, and creators."""
