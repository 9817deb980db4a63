"""Stripe's events, in the classic format and in the format since 2025-03-31 ("basil")."""
