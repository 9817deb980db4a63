"""Sources: connected shops, payment providers, APIs and files, with their secrets and namespaces."""
