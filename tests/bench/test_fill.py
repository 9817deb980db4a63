"""The books that the filler writes for measurements are those of a brand that really sold for a year."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from bench.books.fill import Filled, fill
from bench.books.options import FillOptions
from config.database import Databases, read_session, transact
from config.settings import Settings
from payouts.commissions.accrual import accrue_due
from payouts.commissions.adjustment import adjust_due
from payouts.commissions.models import BookingWork, Commission, Entry, Hold
from payouts.commissions.release import release_due
from payouts.ledger.models import Chain, Period
from payouts.selfcheck.checks import self_check
from payouts.settlement.models import Payout
from payouts.statements.close import close_oldest
from payouts.statements.models import Statement
from tests.harness.databases.snapshots import Snapshot, database_seed_for
from tracker.clicks.models import ClickTotal
from tracker.sales.attribution.replay import Scope, differences, load_decisions, next_decision_ids
from tracker.sales.inbox.models import Event
from tracker.sales.orders.models import Sale

UNTIL = datetime.fromisoformat("2026-11-20T10:00:00+00:00")
SALES = 2_000


def a_year(settings: Settings) -> Filled:
    return fill(_options(settings, SALES))


def _options(settings: Settings, sales: int) -> FillOptions:
    return FillOptions(settings=settings, sales=sales, creators=20, until=UNTIL)


database_seed = database_seed_for(filled=a_year)


@pytest.fixture
def filled(snapshot: Snapshot) -> Filled:
    """A year of sales, with everything booked."""
    year: Filled = snapshot.known
    return year


@pytest.fixture
def options(settings: Settings) -> FillOptions:
    """Those of a small year in empty databases."""
    return _options(settings, 400)


def _count(databases: Databases, model: Any, *conditions: Any) -> int:
    with read_session(databases.main) as session:
        return session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


def _faults(databases: Databases, now: datetime = UNTIL) -> list[str]:
    with read_session(databases.main) as session:
        return [finding.message for finding in self_check(session, now)]


def _do(databases: Databases, step: Callable[..., int], now: datetime) -> int:
    """What a step of a job does in one transaction."""
    return transact(databases.main, lambda session: step(session, now, 500))


def test_the_self_check_accepts_a_year_of_books(filled: Filled, databases: Databases) -> None:
    assert _faults(databases) == []
    assert _count(databases, Sale) == SALES
    assert filled.transactions > SALES


def test_the_books_have_all_that_happens_to_a_commission(filled: Filled, databases: Databases) -> None:
    kinds = {"accrue", "mature", "refund", "dispute_opened", "dispute_won", "dispute_lost"}
    for kind in sorted(kinds):
        assert _count(databases, Entry, Entry.kind == kind) > 0, kind
    assert _count(databases, Hold, Hold.lifted_at.is_(None)) > 0
    assert _count(databases, Hold, Hold.lift_code == "hold_ended") > 0
    assert _count(databases, Commission, Commission.matured_at.is_(None)) > 0
    assert _count(databases, Event, Event.state == "parked") > 0


def test_ended_months_are_closed_sealed_and_paid(filled: Filled, databases: Databases) -> None:
    assert _count(databases, Period, Period.state == "closed") == 12
    assert _count(databases, Statement, Statement.state == "sealed") == 12
    assert _count(databases, Payout, Payout.state == "paid") == filled.payouts > 12


def test_no_job_finds_anything_to_do_at_the_end(filled: Filled, databases: Databases) -> None:
    for step in (accrue_due, adjust_due, release_due):
        assert _do(databases, step, UNTIL) == 0, step.__name__
    assert _count(databases, BookingWork) == 0


def test_stored_attributions_can_be_replayed(filled: Filled, databases: Databases) -> None:
    with read_session(databases.main) as session:
        ids, _ = next_decision_ids(session, Scope(), "", SALES)
        assert list(differences(load_decisions(session, ids))) == []


def test_foreign_keys_hold(filled: Filled, databases: Databases) -> None:
    if databases.main.dialect.name != "sqlite":
        return  # PostgreSQL has checked them
    with databases.main.connect() as connection:
        assert connection.execute(text("pragma foreign_key_check")).all() == []


def test_another_seed_adds_another_brand(options: FillOptions, databases: Databases) -> None:
    first = fill(options)
    second = fill(replace(options, seed=2))
    assert _count(databases, Chain) == 2
    assert first.transactions != second.transactions
    assert _faults(databases) == []


def test_work_can_be_left_for_the_jobs(options: FillOptions, databases: Databases) -> None:
    fill(replace(options, unaccrued=50, due=30, unadjusted=40))
    assert _faults(databases) == []
    assert _do(databases, release_due, UNTIL) == 30
    assert _do(databases, adjust_due, UNTIL) == 40
    assert _do(databases, accrue_due, UNTIL) == 50
    assert _faults(databases) == []
    for step in (accrue_due, adjust_due, release_due):
        assert _do(databases, step, UNTIL) == 0, step.__name__


def test_the_last_month_can_be_left_open(options: FillOptions, databases: Databases) -> None:
    filled = fill(replace(options, months=1, hold_days=14, open_month=True))
    assert filled.until == "2026-10-31T23:30:00Z"
    assert _count(databases, Period, Period.state == "closed") == 0
    now = datetime.fromisoformat("2026-11-01T00:30:00+00:00")
    assert transact(databases.main, lambda s: close_oldest(s, now, filled.brand_id)) == "2026-10"
    assert _faults(databases, now) == []


def test_click_totals_are_of_the_links_of_the_creators(options: FillOptions, databases: Databases) -> None:
    filled = fill(replace(options, sales=20, click_totals=1_000))
    assert filled.click_totals == 1_000
    with Session(databases.clicks) as session:
        assert session.scalar(select(func.count()).select_from(ClickTotal)) == 1_000
