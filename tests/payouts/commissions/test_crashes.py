"""The process stops between any two transactions, or in the middle of one: nothing is lost, nothing twice."""

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
from tests.harness.databases.snapshots import DatabaseSeed
from tests.harness.processes.crashes import kill_at, zygote
from tests.payouts.cast import Books, at, seed_after
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

    def kill_self(_connection: object) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            raise Crash

    event.listen(databases.main, moment, kill_self)
    try:
        yield
    finally:
        event.remove(databases.main, moment, kill_self)


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
    """Three sales, each with a refund; no job has looked at them."""
    return books


@pytest.fixture
def money_jobs_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs that keep house only add transactions in which there is nothing to lose."""
    kept = ("accrue", "adjust", "mature", "close", "check")
    monkeypatch.setattr(schedule, "JOBS", [job for job in JOBS if job.name in kept])


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
    """Each start comes two transactions further than the one before; then one comes through."""
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
        raise AssertionError("it never came through")
    assert number > 10, "there were transactions to crash in"
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
