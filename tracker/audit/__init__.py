"""Who did what: actors, and an append-only record of what they did, chained by hashes."""
