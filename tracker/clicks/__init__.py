"""Clicks: redirect visitors to the shop, record each click, count visits."""
