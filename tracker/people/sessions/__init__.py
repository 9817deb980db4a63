"""Sessions of people who signed in: tokens, limits, the cookie."""
