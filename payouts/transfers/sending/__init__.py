"""The payout run: attempts and their outcomes."""
