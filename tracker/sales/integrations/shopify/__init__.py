"""Shopify's webhooks: signatures, orders and refunds."""
