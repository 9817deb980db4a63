"""The rules of ARCHITECTURE.md as functions: each takes what it judges and returns the faults it finds."""
