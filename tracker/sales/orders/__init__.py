"""Orders: their rows, their further names, their locks."""
