"""Signals of fraud, and what a brand wants to be held."""
