"""Stripe Connect: the only client, its shapes, its errors."""
