"""What every web entry point shares: client address, bodies, request slots, safety headers."""
