"""Who writes next, and for how long: turns at the write lock of SQLite, batches that are bounded by time.

Also whether anything was committed, for processes that look again and again.
"""
