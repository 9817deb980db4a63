"""Clicks made durable before the redirect leaves: commit queue, committer, spool."""
