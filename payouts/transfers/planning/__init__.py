"""Planning of payouts: amounts, funding, and the retry policy."""
