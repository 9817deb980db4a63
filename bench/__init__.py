"""Benchmarks of the redirect and the webhook: `make bench`, `make bench-sales`. Not collected by pytest."""
