"""The scheduled job that empties old events. It opens its own transactions."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlalchemy import Engine

from config.database import read_session, transact
from tracker.sales.inbox.retention import empty_bodies, old_bodies

BATCH_SIZE = 50
"""Events per transaction. Bodies are up to a megabyte; they are read before the short writing transaction."""


def empty_old_events(main: Engine, before: datetime, now: datetime, renew: Callable[[], object]) -> int:
    """Empty the bodies of applied and dismissed events received before `before`; returns how many.

    `renew` renews the lease of the job, before each batch.
    """
    total = 0
    while True:
        renew()
        with read_session(main) as session:
            old = old_bodies(session, before, BATCH_SIZE)
        if not old:
            return total
        total += transact(main, partial(empty_bodies, now=now, old=old))
