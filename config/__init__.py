"""Settings, databases, server processes and logs: the base of `tracker` and `payouts`."""
