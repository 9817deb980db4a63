"""Links: codes, destinations, parameters, host names."""
