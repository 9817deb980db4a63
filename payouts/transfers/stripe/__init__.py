"""Stripe Connect: the client, its data shapes, its outcomes and errors."""
