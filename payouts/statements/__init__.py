"""What a brand owes for a period, reviewed, sealed, and never changed after that."""
