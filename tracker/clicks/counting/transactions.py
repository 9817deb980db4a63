"""Short transactions on the click database that do not delay redirects."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.database import read_session, transact

Result = TypeVar("Result")


def read_clicks(clicks: Engine, work: Callable[[Session], Result]) -> Result:
    with read_session(clicks) as session:
        return work(session)


def write_clicks(clicks: Engine, work: Callable[[Session], Result]) -> Result:
    with _write_lock(clicks):
        return transact(clicks, work)


@contextmanager
def _write_lock(clicks: Engine) -> Iterator[None]:
    """On SQLite, take the lock file as redirects do; else they would sleep in SQLite's busy handler."""
    if clicks.dialect.name != "sqlite":
        yield
        return
    with Path(clicks.url.database or "").with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
