"""Backup and restore: one file that holds everything, for SQLite and PostgreSQL alike."""
