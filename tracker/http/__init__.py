"""Shared by all web entry points: client address, request bodies, request slots, security headers, access."""
