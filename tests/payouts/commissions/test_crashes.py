"""The process stops between any two transactions, or in the middle of one: nothing is lost, nothing twice."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from config.database import Databases, reading
from config.settings import Settings
from payouts.commissions.models import Commission, Entry
from payouts.ledger.models import Posting, Transaction
from payouts.schedule import tick
from payouts.statements.models import Statement
from tests.conftest import SECRET
from tests.payouts.cast import Books, at
from tests.payouts.commissions.test_order_of_events import deliver

SALES = 3
LEFT_MINOR = 6_00
START = at("11-01 00:05")


class Crash(BaseException):
    """No `except Exception` sees it, as none sees a process that is killed."""


@contextmanager
def crashing(databases: Databases, moment: str, number: int) -> Iterator[None]:
    """At the `number`th "begin" everything before is committed; at a "commit" that transaction is lost."""
    seen = 0

    def strike(_connection: object) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            raise Crash

    event.listen(databases.main, moment, strike)
    try:
        yield
    finally:
        event.remove(databases.main, moment, strike)


@pytest.fixture
def reported(books: Books) -> Books:
    """Three sales, each with a refund; no job has looked at them."""
    sale = {"occurred_at": "10-01", "total": 100_00, "tax": 0, "shipping": 0, "discount": 0}
    for number in range(SALES):
        deliver(books, f"S{number}", ("sale.created", sale), "10-01")
        refund = {"refund_id": "r1", "occurred_at": "10-05", "amount": 40_00}
        deliver(books, f"S{number}", ("refund.created", refund), "10-05")
    return books


def require_all_done_once(books: Books) -> None:
    with reading(books.databases.main) as session:
        rows = session.execute(select(Entry.kind, func.count()).group_by(Entry.kind))
        kinds = {row[0]: row[1] for row in rows}
        counts = [_count(session, table) for table in (Commission, Transaction, Posting, Statement)]
    assert kinds == {"accrue": SALES, "refund": SALES, "mature": SALES}
    assert counts == [SALES, 3 * SALES, 3 * SALES, 1]
    assert books.balance().payable_minor == SALES * LEFT_MINOR
    equation = {name: each["minor"] for name, each in books.statement("2026-10")["equation"].items()}
    assert (equation["earned"], equation["reversed"], equation["closing"]) == (30_00, 12_00, 18_00)
    assert books.faults() == []


def _count(session: Session, table: Any) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.mark.parametrize("moment", ["begin", "commit"])
def test_a_crash_at_each_transaction_of_the_jobs_loses_nothing(reported: Books, moment: str) -> None:
    """Each start comes one transaction further than the one before; then one comes through."""
    for number in range(1, 200):
        now = START + timedelta(hours=number)
        try:
            with crashing(reported.databases, moment, number):
                tick(reported.databases, reported.settings, now)
        except Crash:
            assert reported.faults() == []
        else:
            break
    else:
        raise AssertionError("it never came through")
    assert number > 10, "there were transactions to crash in"
    require_all_done_once(reported)


KILLED = """
import os, signal, sys
from datetime import datetime
from sqlalchemy import event
from config.database import open_databases
from config.settings import load_settings
from payouts.schedule import tick

settings = load_settings()
databases = open_databases(settings)
seen = 0

def strike(_connection):
    global seen
    seen += 1
    if seen == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

event.listen(databases.main, sys.argv[1], strike)
tick(databases, settings, datetime.fromisoformat(sys.argv[3]))
"""


def killed_at(settings: Settings, moment: str, number: int, now: str) -> None:
    environment = os.environ | {
        "LINKLEDGER_HOME": str(settings.home),
        "LINKLEDGER_DATABASE_URL": settings.database_url,
        "LINKLEDGER_SECRET_KEY": SECRET,
        "PYTHONPATH": str(Path(__file__).parents[3]),
    }
    command = [sys.executable, "-c", KILLED, moment, str(number), now]
    done = subprocess.run(command, env=environment, check=False, timeout=60, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def test_a_process_that_is_killed_leaves_books_with_which_the_next_one_goes_on(reported: Books) -> None:
    for number, (moment, count) in enumerate((("commit", 3), ("begin", 9), ("commit", 12))):
        killed_at(reported.settings, moment, count, (START + timedelta(hours=number)).isoformat())
        assert reported.faults() == []
    tick(reported.databases, reported.settings, START + timedelta(hours=4))
    require_all_done_once(reported)
