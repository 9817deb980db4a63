"""The jobs of the self-check: what came since the last marks, and everything."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.database import read_session
from payouts.jobs.context import JobContext
from payouts.selfcheck.notices import note_unbalanced
from payouts.selfcheck.runs import run_check
from tracker.errors import Fault


def check_since_marks(context: JobContext) -> dict[str, Any]:
    return _check(context, full=False)


def check_everything(context: JobContext) -> dict[str, Any]:
    return _check(context, full=True)


def _check(context: JobContext, *, full: bool) -> dict[str, Any]:
    """Raises Fault with what was found."""

    @contextmanager
    def reads(engine: Engine) -> Iterator[Session]:
        context.renew()
        with read_session(engine) as session:
            yield session

    databases = context.databases
    run = run_check(
        databases.main,
        context.settings,
        context.now,
        full=full,
        reads=partial(reads, databases.main),
        write=context.write,
        clicks=partial(reads, databases.clicks),
    )
    if faults := run.result.in_order():
        context.write(partial(note_unbalanced, now=context.now, run_id=context.claim.run_id))
        raise Fault("; ".join(fault.message for fault in faults))
    return {"faults": 0}
