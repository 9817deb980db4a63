"""API keys: their scopes, their life."""
