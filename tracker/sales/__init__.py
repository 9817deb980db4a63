"""Sales reported by shops: stored unchanged, applied once, attributed with a reason."""
