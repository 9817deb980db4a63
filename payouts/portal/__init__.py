"""The pages of creators: what they read."""
