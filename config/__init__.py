"""Settings, databases, server processes and logs: everything that both packages stand on."""
