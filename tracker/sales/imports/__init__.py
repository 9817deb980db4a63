"""Imports of CSV files: from the bytes of a file to messages of the inbox."""
