"""API keys: scopes, creation, authentication, revocation."""
