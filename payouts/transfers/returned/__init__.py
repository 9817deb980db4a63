"""Money that came back of transfers: what waits, and what a person decides about it."""
