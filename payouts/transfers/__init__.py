"""Payouts: attempts, the payment provider (rail), and its sandbox."""
