"""How fast the redirect is, beside servers that do nothing: `make bench`. Not collected by pytest."""
