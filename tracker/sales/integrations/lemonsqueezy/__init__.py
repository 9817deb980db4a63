"""Lemon Squeezy's webhooks: signatures, orders, payments of subscriptions and refunds."""
