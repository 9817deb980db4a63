"""Messages of shops: stored unchanged, then applied once or parked."""
