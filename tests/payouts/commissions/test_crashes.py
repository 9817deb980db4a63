"""A crash between two transactions, or in one: nothing is lost, and nothing is booked twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from config.database import Databases, open_databases, read_session
from config.settings import Settings
from payouts.commissions.models import Commission, Entry
from payouts.ledger.models import Posting, Transaction
from payouts.processes import job_table as schedule
from payouts.processes.job_table import JOBS, tick
from payouts.statements.models import Statement
from tests.cast.books import Books, at
from tests.cast.months import seed_after
from tests.harness.databases.snapshots import DatabaseSeed
from tests.harness.processes.crashes import kill_at, zygote
from tests.payouts.commissions.test_order_of_events import deliver

SALES = 3
LEFT_MINOR = 6_00
START = at("11-01 00:05")


class Crash(BaseException):
    """Not caught by `except Exception`, as a kill is not."""


@contextmanager
def crashing(databases: Databases, moment: str, number: int) -> Iterator[None]:
    """Crash at the `number`th "begin", with everything before committed, or "commit", which is lost."""
    seen = 0

    def crash(_connection: object) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            raise Crash

    event.listen(databases.main, moment, crash)
    try:
        yield
    finally:
        event.remove(databases.main, moment, crash)


def report_three(books: Books) -> None:
    sale = {"occurred_at": "10-01", "total": 100_00, "tax": 0, "shipping": 0, "discount": 0}
    for number in range(SALES):
        deliver(books, f"S{number}", ("sale.created", sale), "10-01")
        refund = {"refund_id": "r1", "occurred_at": "10-05", "amount": 40_00}
        deliver(books, f"S{number}", ("refund.created", refund), "10-05")


REPORTED = seed_after(report_three)


@pytest.fixture
def database_seed() -> DatabaseSeed:
    return REPORTED


@pytest.fixture
def reported(books: Books) -> Books:
    """Three sales, each with a refund. No job has processed them yet."""
    return books


@pytest.fixture
def money_jobs_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the jobs that move money: the transactions of the others have nothing to lose."""
    money_jobs = ("accrue", "adjust", "mature", "close", "check")
    monkeypatch.setattr(schedule, "JOBS", [job for job in JOBS if job.name in money_jobs])


def assert_all_done_once(books: Books) -> None:
    with read_session(books.databases.main) as session:
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


@pytest.mark.usefixtures("money_jobs_only")
@pytest.mark.parametrize(("moment", "first"), [("begin", 1), ("commit", 2)])
def test_a_crash_at_each_transaction_of_the_jobs_loses_nothing(
    reported: Books, moment: str, first: int
) -> None:
    """Each run gets two transactions further than the one before, until one finishes."""
    for number in range(first, 200, 2):
        now = START + timedelta(hours=number)
        try:
            with crashing(reported.databases, moment, number):
                tick(reported.databases, reported.settings, now)
        except Crash:
            assert reported.faults() == []
        else:
            break
    else:
        raise AssertionError("no run finished")
    assert number > 10, "too few transactions to crash in"
    assert_all_done_once(reported)


def work_and_crash(settings: Settings, moment: str, number: int, now: datetime) -> None:
    databases = open_databases(settings)
    kill_at(databases.main, moment, number)
    tick(databases, settings, now)


def test_next_process_continues_after_a_kill(reported: Books) -> None:
    with zygote() as working:
        for number, (moment, count) in enumerate((("commit", 3), ("begin", 9), ("commit", 12))):
            now = START + timedelta(hours=number)
            assert working.was_killed(partial(work_and_crash, reported.settings, moment, count, now))
            assert reported.faults() == []
    tick(reported.databases, reported.settings, START + timedelta(hours=4))
    assert_all_done_once(reported)
