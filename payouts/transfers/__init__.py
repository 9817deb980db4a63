"""Payouts on their way: attempts, the rail that carries them, and a sandbox of that rail."""
