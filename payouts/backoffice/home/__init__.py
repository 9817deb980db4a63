"""A brand's home: what waits for somebody, and the figures of the month."""
