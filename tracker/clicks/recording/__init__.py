"""Stores each click durably before its redirect is sent: commit queue, committer, spool."""
