"""The rows of a statement: written in batches that take up the work, and again after decisions."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select

from config.database import read_session
from payouts.processes import job_table
from payouts.processes.job_table import JOBS, tick
from payouts.statements.close import close_oldest, close_without_rows
from payouts.statements.decisions.commissions import decline, hold
from payouts.statements.models import Statement
from payouts.statements.review import approve, due_for_approval, get_statement
from payouts.statements.rows.models import StatementLine
from payouts.statements.rows.writing import brands_without_rows, write_rows
from tests.cast.books import Books, add_creator, at
from tests.cast.months import DEFAULT_SEED, NOVEMBER, OCTOBER, add_booking, sell_and_release
from tests.harness.databases.snapshots import database_seed_for
from tests.payouts.statements.october import DRAFT
from tests.payouts.test_worked_example import equation
from tracker.errors import NotNow

database_seed = database_seed_for(draft=DRAFT, books=DEFAULT_SEED)


@pytest.fixture
def draft(books: Books) -> Books:
    return books


@pytest.fixture
def closed(books: Books) -> Books:
    """Three creators with sales, a refund and a bonus in October, which is closed; no row is written yet."""
    for number, name in enumerate(("bert", "carla"), start=1):
        other = add_creator(books, name)
        other.sale(f"{name}-1", 300_00 * number, "10-05")
        other.sale(f"{name}-2", 70_00, "10-06")
        add_booking(other, 12_34, "10-21")
    sell_and_release(books, "1001", 100_00)
    books.refund("1001", 250_00, "10-31 13:00")
    books.write(partial(close_without_rows, now=at(OCTOBER.closing), brand_id=books.brand_id, name="2026-10"))
    return books


def step(books: Books, limit: int) -> int:
    return int(books.write(lambda s: write_rows(s, at(OCTOBER.closing), limit, brand_id=books.brand_id)))


def statement_of(books: Books, period: str = "2026-10") -> Statement:
    with read_session(books.databases.main) as session:
        return get_statement(session, books.brand_id, period, "EUR")


def line_count(books: Books) -> int:
    with read_session(books.databases.main) as session:
        return int(session.scalar(select(func.count()).select_from(StatementLine)) or 0)


@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_rows_written_in_batches_of_any_size_are_those_of_the_books(closed: Books, limit: int) -> None:
    steps = 1
    while step(closed, limit):
        steps += 1
    assert steps > (10 if limit == 1 else 3)
    assert statement_of(closed).rows_state == "ready"
    assert (
        equation(closed.statement("2026-10"))[-1]
        == closed.statement("2026-10")["equation"]["closing"]["minor"]
    )


def test_a_statement_cannot_be_approved_before_its_rows_are_written(closed: Books) -> None:
    own = statement_of(closed).id
    step(closed, 1)
    with pytest.raises(NotNow, match="lines of the statement are being written"):
        closed.write(lambda s: approve(s, at(OCTOBER.approval), own, approved_by="brand"))
    with read_session(closed.databases.main) as session:
        assert due_for_approval(session, at("12-01")) == []
        assert brands_without_rows(session) == [closed.brand_id]
    while step(closed, 1000):
        pass
    with read_session(closed.databases.main) as session:
        assert due_for_approval(session, at("12-01")) == [own]
        assert brands_without_rows(session) == []


def test_a_decision_while_rows_are_written_is_in_them(closed: Books) -> None:
    step(closed, 1000)
    assert line_count(closed) == 5
    closed.decide(decline, "bert-1", "11-03", reason="returned")
    closed.decide(decline, "1001", "11-03", reason="returned")
    while step(closed, 1000):
        pass
    assert {"bert-1", "1001"} <= orders_of(closed, "declined")


def orders_of(books: Books, status: str) -> set[str]:
    lines = (line for part in books.statement("2026-10")["creators"] for line in part["lines"])
    return {line["order"] for line in lines if line["status"] == status}


def test_a_decision_on_a_draft_changes_what_later_drafts_begin_with(draft: Books) -> None:
    draft.end("2026-11", NOVEMBER.closing)
    assert equation(draft.statement("2026-11"))[0] == 140_00
    draft.decide(decline, "1001", "12-03", reason="returned")
    assert equation(draft.statement("2026-10")) == [0, 140_00, 100_00, 0, 0, 40_00]
    assert equation(draft.statement("2026-11")) == [40_00, 0, 0, 0, 0, 40_00]


def test_the_approval_adds_what_an_older_process_decided_without_the_rows(draft: Books) -> None:
    """A process of an older version posts to the draft and knows nothing of the rows."""
    before = statement_of(draft)
    draft.decide(decline, "1001", "11-03", reason="returned")
    draft.write(lambda s: put_back(s, before))
    assert draft.approve("2026-10", OCTOBER.approval)["equation"]["closing"]["minor"] == 40_00
    assert draft.faults() == []


def put_back(session: Any, before: Statement) -> None:
    """The rows say that they know less than they do: what came since is written again."""
    session.get_one(Statement, before.id).rows_seq = before.rows_seq
    session.flush()


def test_a_job_writes_rows_that_a_crash_or_an_older_version_left_out(
    closed: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert statement_of(closed).rows_state is None
    monkeypatch.setattr(job_table, "JOBS", [job for job in JOBS if job.name == "statement-rows"])
    done = tick(closed.databases, closed.settings, at("11-02"))
    assert done["statement-rows"]["rows"] > 5
    assert statement_of(closed).rows_state == "ready"
    assert tick(closed.databases, closed.settings, at("11-02 12:01")) == {"statement-rows": {"rows": 0}}


def test_rows_of_several_months_follow_one_another(books: Books) -> None:
    books.sale("1001", 1000_00, "10-05")
    for month in (OCTOBER, NOVEMBER):
        assert books.write(lambda s: close_oldest(s, at(NOVEMBER.closing), books.brand_id)) == month.name
    while step(books, 1):
        pass
    assert equation(books.statement("2026-11")) == [100_00, 0, 0, 0, 0, 100_00]


def test_rows_contain_a_decision_on_an_earlier_draft_that_was_sealed_while_they_were_written(
    books: Books,
) -> None:
    books.sale("1003", 300_00, "10-28")
    books.decide(hold, "1003", "10-29", reason="under_review")
    books.end("2026-10", OCTOBER.closing)
    november = partial(close_without_rows, now=at(NOVEMBER.closing), brand_id=books.brand_id)
    books.write(partial(november, name="2026-11"))
    while line_count(books) == 1:
        step(books, 1)
    books.decide(decline, "1003", "12-03", reason="returned")
    books.approve("2026-10", "12-04")
    while step(books, 1):
        pass
    sealed = books.approve("2026-11", NOVEMBER.approval)
    assert (equation(sealed), lines_of(sealed)) == ([0, 0, 0, 0, 0, 0], [])


def lines_of(document: dict[str, Any]) -> list[str]:
    return [line["order"] for part in document["creators"] for line in part["lines"]]
