"""Benchmarks: `make bench`, `make bench-sales`, `make bench-books`. Not collected by pytest."""
