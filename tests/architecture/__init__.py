"""The rules of ARCHITECTURE.md as functions. Each returns a list of the violations that it finds."""
