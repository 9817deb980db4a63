"""What a commission is worth: its base and rate, and what refunds and disputes leave of it."""
