"""Books validated reports: creates their rows, each once."""
