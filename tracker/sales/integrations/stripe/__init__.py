"""Stripe's events, in the classic shape and the one since 2025-03-31."""
