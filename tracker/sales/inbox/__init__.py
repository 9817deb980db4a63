"""Messages of shops: kept as they came, applied once, or parked."""
