"""Seals approved statements in short transactions. Entry point: it opens them.

The parts are made in reads, outside every lock. A crash loses nothing: the next run goes on after the last
part that is stored.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.database import read_session
from payouts.statements.models import Statement
from payouts.statements.seal import begin_seal, closing_balances, finish_seal, require_whole
from payouts.statements.sealing.parts import missing_parts, store_part

PARTS_PER_READ = 20
"""A read that stays open keeps SQLite from reusing the log of what is written meanwhile."""

Write = Callable[[Callable[[Session], Any]], Any]
"""Runs its argument in a write transaction, and returns the result."""


def seal_in_parts(engine: Engine, write: Write, now: datetime, statement_id: str) -> None:
    """Seal one approved statement. Raises NotNow as `seal` does, and Fault when its rows disagree."""
    if not write(partial(begin_seal, now=now, statement_id=statement_id)):
        return
    while _store_some(engine, write, statement_id):
        pass
    with read_session(engine) as session:
        statement = session.get_one(Statement, statement_id)
        require_whole(session, statement)
        balances = closing_balances(session, statement)
    write(partial(finish_seal, now=now, statement_id=statement_id, balances=balances))


def _store_some(engine: Engine, write: Write, statement_id: str) -> bool:
    """Store up to PARTS_PER_READ parts. Returns whether there may be more."""
    with read_session(engine) as session:
        parts = missing_parts(session, session.get_one(Statement, statement_id))
        for number, part in enumerate(parts, start=1):
            stored = write(partial(store_part, part=part))
            if not stored or number == PARTS_PER_READ:
                return True
    return False
