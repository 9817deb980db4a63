"""Statements: what a brand owes its creators for a period, reviewed, then sealed and never changed."""
