"""Signals of fraud, and each brand's settings for them."""
