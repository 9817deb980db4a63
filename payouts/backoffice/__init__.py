"""The pages of brands: what they read."""
