"""The life of a payout in the books: states, transitions, cancellation, returns, freezes."""
