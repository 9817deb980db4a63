"""An approval freezes the period of a draft; a job, or the next command, seals it in order of periods."""

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from config.database import read_session
from config.settings import Settings
from payouts.ledger.models import Period
from payouts.processes import job_table
from payouts.processes.job_table import JOBS, tick
from payouts.statements.close import begin_closing, begin_closing_period, close_oldest, close_period
from payouts.statements.decisions.commissions import decline, hold
from payouts.statements.models import SealedDocument, Statement
from payouts.statements.review import approve, approve_automatically, get_statement
from payouts.statements.seal import approved_statements, seal, seal_approved
from tests.cast.books import Books, at
from tests.cast.months import DEFAULT_SEED, NOVEMBER, OCTOBER, later
from tests.conftest import settings_for
from tests.harness.databases.snapshots import database_seed_for
from tests.payouts.commissions.test_crashes import Crash, crashing
from tests.payouts.statements.october import DRAFT, ask, paid, refused, split, statement
from tests.payouts.test_worked_example import equation
from tracker.errors import NotNow

database_seed = database_seed_for(draft=DRAFT, books=DEFAULT_SEED)


@pytest.fixture
def draft(books: Books) -> Books:
    return books


@pytest.fixture
def jobs_settings(books: Books) -> Settings:
    """Settings with which the jobs use the sandbox of the test."""
    settings = books.settings
    return settings_for(settings.home, settings.database_url, stripe_api_base=books.sandbox.url)


def statement_of(books: Books, period: str = "2026-10") -> Statement:
    with read_session(books.databases.main) as session:
        return get_statement(session, books.brand_id, period, "EUR")


def approve_only(books: Books, when: str, period: str = "2026-10") -> str:
    """Approve the statement, as if the process had crashed before the seal. Returns its id."""
    own = statement_of(books, period).id
    books.write_twice(lambda s: approve(s, at(when), own, approved_by="brand"))
    return own


def state_of(books: Books, period: str) -> str:
    with read_session(books.databases.main) as session:
        return session.scalars(select(Period.state).where(Period.name == period)).one()


def test_no_decision_is_posted_to_an_approved_statement(draft: Books) -> None:
    held = draft.decide(hold, "1002", "11-02", reason="breach")
    approve_only(draft, "11-03")
    before = split(draft)
    draft.decide(decline, "1001", "11-04", reason="returned")
    assert split(draft) == before == {"held": 40_00, "payable": 100_00}
    assert draft.balance().payable_minor == 0
    assert "is approved" in refused(draft, "11-04", "commission", "undo", held)
    commission = ("commission", "release", draft.commission("1002").id, "--period", "2026-10")
    assert "is approved: no decision changes it" in refused(draft, "11-04", *commission)


def test_an_approved_statement_says_so_and_is_not_approved_again(draft: Books) -> None:
    own = approve_only(draft, "11-03")
    assert not draft.write(lambda s: approve_automatically(s, at("11-09"), own))
    shown = statement(draft, "show", "11-09")
    assert (shown["state"], shown["approved_by"], shown["approved_at"]) == (
        "approved",
        "brand",
        "2026-11-03T12:00:00Z",
    )
    (listed,) = ask(draft, "11-09", "statement", "list", "--brand", draft.brand_id)
    assert (listed["state"], listed["approved_at"]) == ("approved", "2026-11-03T12:00:00Z")


def test_the_job_seals_what_is_approved(
    draft: Books, jobs_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = approve_only(draft, "11-03")
    monkeypatch.setattr(job_table, "JOBS", [job for job in JOBS if job.name == "seal"])
    assert tick(draft.databases, jobs_settings, at("11-03 12:01")) == {"seal": {"sealed": [own]}}
    found = statement_of(draft)
    assert (found.state, found.sealed_at, found.approved_at) == ("sealed", at("11-03 12:01"), at("11-03"))
    assert tick(draft.databases, jobs_settings, at("11-03 12:02")) == {"seal": {"sealed": []}}
    assert draft.faults() == []


def test_statements_are_sealed_in_order_of_periods(draft: Books) -> None:
    draft.end("2026-11", NOVEMBER.closing)
    with pytest.raises(NotNow, match="Approve the statement of 2026-10 first"):
        approve_only(draft, NOVEMBER.approval, "2026-11")
    with pytest.raises(NotNow, match="is a draft: approve it first"):
        draft.write(lambda s: seal(s, at(NOVEMBER.approval), statement_of(draft).id))
    ids = [approve_only(draft, NOVEMBER.approval, each) for each in ("2026-10", "2026-11")]
    with pytest.raises(NotNow, match="The statement of 2026-10 is not sealed"):
        draft.write(lambda s: seal(s, at(NOVEMBER.approval), ids[1]))
    with read_session(draft.databases.main) as session:
        assert approved_statements(session) == ids
    assert draft.write(lambda s: seal_approved(s, at(NOVEMBER.approval), draft.brand_id)) == ids
    with read_session(draft.databases.main) as session:
        first, second = (session.get_one(SealedDocument, each) for each in ids)
    assert second.previous_sha256 == first.sha256
    assert draft.faults() == []


def test_approving_by_command_also_seals_an_earlier_approved_statement(draft: Books) -> None:
    draft.end("2026-11", NOVEMBER.closing)
    approve_only(draft, "11-08")
    document = statement(draft, "approve", NOVEMBER.approval, period="2026-11")
    assert (document["state"], document["approved_by"]) == ("sealed", "brand")
    assert statement_of(draft).state == "sealed"
    assert draft.faults() == []


def test_a_payout_run_seals_what_is_approved_first(draft: Books) -> None:
    approve_only(draft, "11-08")
    assert paid(draft) == [100_00]
    assert statement_of(draft).state == "sealed"


def test_the_hash_contains_who_approved_and_when(draft: Books) -> None:
    document = draft.approve("2026-10", OCTOBER.approval)
    assert (document["approved_by"], document["approved_at"]) == ("brand", "2026-11-08T00:00:00Z")


def test_the_next_command_seals_what_a_crash_left_approved(draft: Books) -> None:
    """The terminal opens databases of its own, so the crash is that of the second transaction alone."""
    own = approve_only(draft, OCTOBER.approval)
    with pytest.raises(Crash), crashing(draft.databases, "commit", 1):
        draft.write(lambda s: seal_approved(s, at(OCTOBER.approval), draft.brand_id))
    assert statement_of(draft).state == "approved"
    assert statement(draft, "approve", later(OCTOBER.approval, hours=1))["statement"] == own
    assert (statement_of(draft).state, statement_of(draft).approved_at) == ("sealed", at(OCTOBER.approval))
    assert draft.faults() == []


def test_what_belongs_to_a_closing_period_is_posted_to_it(books: Books) -> None:
    books.sale("1001", 1000_00, "10-05")
    now = at(OCTOBER.closing)
    assert books.write(lambda s: begin_closing(s, now, books.brand_id)).name == "2026-10"
    assert state_of(books, "2026-10") == "closing"
    books.sale("1002", 400_00, "10-20")
    assert "not closed yet" in refused(
        books, OCTOBER.closing, "statement", "show", "--period", "2026-10", "--brand", books.brand_id
    )
    assert books.write(lambda s: close_oldest(s, now, books.brand_id)) == "2026-10"
    assert equation(books.statement("2026-10")) == [0, 140_00, 0, 0, 0, 140_00]
    assert (state_of(books, "2026-10"), books.faults()) == ("closed", [])


def test_a_period_that_has_not_ended_is_not_closing(books: Books) -> None:
    books.sale("1001", 1000_00, "10-05")
    for early in ("2026-10-31T23:59:59", "10-10"):
        assert books.write(lambda s, when=early: begin_closing(s, at(when), books.brand_id)) is None
        with pytest.raises(NotNow):
            books.write(lambda s, when=early: begin_closing_period(s, at(when), books.brand_id, "2026-10"))
    assert state_of(books, "2026-10") == "open"


def test_a_close_goes_on_after_a_crash_in_each_of_its_transactions(
    books: Books, jobs_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.sale("1001", 1000_00, "10-01 01:00", with_jobs=False)
    books.receive("sale.created", books.sale_data("1002", 400_00, "10-05"), "k-2", at("10-05"))
    monkeypatch.setattr(job_table, "JOBS", [job for job in JOBS if job.name == "close"])
    start, crashes = at("11-01 00:05"), 0
    for number in range(3, 60):  # the first two take the slot
        try:
            with crashing(books.databases, "commit", number):
                tick(books.databases, jobs_settings, start + timedelta(hours=number))
        except Crash:
            crashes += 1
            continue
        break
    assert crashes > 3
    assert state_of(books, "2026-10") == "closed"
    assert (split(books), books.faults()) == ({"payable": 100_00}, [])


def test_the_command_and_the_job_close_the_same_period_once(books: Books) -> None:
    books.sale("1001", 1000_00, "10-01 01:00")
    now = at(OCTOBER.closing)
    books.write(lambda s: begin_closing(s, now, books.brand_id))
    books.write(partial(close_period, now=now, brand_id=books.brand_id, name="2026-10"))
    assert books.write(lambda s: close_oldest(s, now, books.brand_id)) is None
    statement(books, "close", OCTOBER.closing)
    assert len(ask(books, "11-02", "statement", "list", "--brand", books.brand_id)) == 1
