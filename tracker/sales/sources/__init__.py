"""Connected shops: their secrets and namespaces."""
