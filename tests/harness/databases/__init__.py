"""Databases of tests: snapshots and copies of them, on SQLite and PostgreSQL."""
