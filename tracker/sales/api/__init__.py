"""The HTTP entry points for sources: webhooks, the brand API and postbacks."""
