"""Brands, users, memberships and creators."""
