"""Scheduled job for events. Entry point: opens its own transactions and returns its count."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlalchemy import Engine

from config.database import read_session, transact
from tracker.sales.inbox.retention import empty_bodies, old_bodies

BATCH_SIZE = 50
"""Bodies are up to a megabyte. They are read before anything is locked; the transaction is short."""


def empty_old_events(main: Engine, before: datetime, now: datetime, guard: Callable[[], object]) -> int:
    """Empty the bodies of settled events that were received before then. How many."""
    total = 0
    while True:
        guard()
        with read_session(main) as session:
            old = old_bodies(session, before, BATCH_SIZE)
        if not old:
            return total
        total += transact(main, partial(empty_bodies, now=now, old=old))
