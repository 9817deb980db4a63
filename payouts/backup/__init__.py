"""Backup and restore: one file that contains everything, for both SQLite and PostgreSQL."""
