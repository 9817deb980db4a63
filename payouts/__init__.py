"""Commissions, ledger, statements and payouts."""
