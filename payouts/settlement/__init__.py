"""Payouts and what they pay: states, transitions, cancellation, returns."""
