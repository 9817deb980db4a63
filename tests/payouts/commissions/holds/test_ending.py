"""Holds end by themselves, and the commission is released: nothing holds a creator's money forever."""

from typing import Any

import pytest
from sqlalchemy import select

from config.database import read_session
from payouts.commissions.holds.ending import end_holds
from payouts.commissions.holds.placing import lifted_holds_of
from payouts.ledger.models import Period, Transaction
from payouts.processes import job_table
from payouts.processes.job_table import JOBS, run_all_jobs
from payouts.statements.commands import COMMANDS
from payouts.statements.decisions.commissions import hold, release
from tests.cast.api import Terminal
from tests.cast.books import Books, add_creator, at
from tests.payouts.commissions.order_state import (
    ZERO_BALANCES,
    balances_of,
    change_hold,
    holds,
    open_hold,
    report_again,
)
from tests.payouts.commissions.suspects import OWN_PURCHASE, SOLD
from tracker.sales.inbox.apply_or_park import ReceiveResult, dismiss, replay

ENDED = ("nobody decided within the time: the hold ended", "hold_ended")


@pytest.fixture(autouse=True)
def jobs_for_commissions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other jobs have nothing to do here."""
    names = ("accrue", "adjust", "holds", "mature", "close", "check")
    monkeypatch.setattr(job_table, "JOBS", tuple(job for job in JOBS if job.name in names))


def work(books: Books, when: str) -> None:
    """Run the jobs of that minute; a job that failed fails the test."""
    for run in run_all_jobs(books.databases, books.settings, at(when)):
        assert not [result for result in run["jobs"].values() if "error" in result], run


def lifts(books: Books, order: str) -> list[tuple[str | None, str | None, Any]]:
    with read_session(books.databases.main) as session:
        lifted = lifted_holds_of(session, books.commission(order).id)
        return [(each.lift_note, each.lift_code, each.lifted_at) for each in lifted]


def park_refund(books: Books, when: str, order: str = "S1") -> ReceiveResult:
    """A refund in another currency, which waits for a decision."""
    parked = books.refund(order, 20_00, when, currency="USD")
    assert parked.state == "parked"
    return parked


def test_a_review_hold_ends_sixty_days_after_the_release_date_and_the_commission_is_released(
    books: Books,
) -> None:
    books.sale("S1", 100_00, "10-01")  # released on 31 October
    books.decide(hold, "S1", "10-05", reason="under_review")
    work(books, "2026-12-30T11:59:00")
    assert balances_of(books) == (10_00, 0, 0)
    work(books, "2026-12-30T12:01:00")
    assert balances_of(books) == (0, 10_00, 0)
    assert lifts(books, "S1") == [(*ENDED, at("12-30"))]
    assert books.faults() == []


def test_a_hold_of_a_rule_ends_and_the_same_suspicion_does_not_hold_again(books: Books) -> None:
    token = books.click(books.link_id, "10-01 08:00")
    books.sale("S1", 100_00, SOLD, click=token, **OWN_PURCHASE)
    assert len(holds(books, "S1")) == 1
    work(books, "2027-01-15T12:00:00")
    assert (holds(books, "S1"), balances_of(books)) == ([], (0, 10_00, 0))
    report_again(books, "S1", 100_00, SOLD, token, "2027-01-16T00:00:00", **OWN_PURCHASE)
    assert (holds(books, "S1"), books.faults()) == ([], [])


def test_a_parked_message_holds_an_unreleased_commission_for_thirty_days(books: Books) -> None:
    books.sale("S1", 100_00, "09-05")
    parked = park_refund(books, "10-01")
    assert holds(books, "S1") == [f"a message about this order waits for a decision: {parked.event_id}"]
    work(books, "10-31 11:00")
    assert balances_of(books) == (10_00, 0, 0)
    work(books, "10-31 12:30")
    assert balances_of(books) == (0, 10_00, 0)
    work(books, "11-01")
    assert (holds(books, "S1"), lifts(books, "S1")) == ([], [(*ENDED, at("10-31"))])
    assert books.faults() == []


def test_a_message_that_held_for_its_time_changes_nothing_when_it_is_dismissed(books: Books) -> None:
    books.sale("S1", 100_00, "09-05")
    parked = park_refund(books, "10-01")
    work(books, "11-05")
    books.write(lambda s: dismiss(s, parked.event_id, reason="a mistake"))
    work(books, "11-06")
    assert (balances_of(books), lifts(books, "S1")) == ((0, 10_00, 0), [(*ENDED, at("10-31"))])


def test_a_message_that_held_for_its_time_is_entered_when_it_can_be_applied(books: Books) -> None:
    books.sale("S1", 100_00, "09-05")
    data = {"order_id": "S1", "refund_id": "r1", "occurred_at": at("10-01").isoformat()}
    amounts = {"currency": "EUR", "amount": 100_00}
    conflict = books.report("refund.created", data | amounts, "sale-S1", at("10-01"))
    assert conflict.state == "conflict"
    work(books, "11-05")
    assert balances_of(books) == (0, 10_00, 0)
    keys = books.settings.secret_keys
    books.write(lambda s: replay(s, at("11-06"), conflict.event_id, keys=keys))
    work(books, "11-06")
    assert (balances_of(books), books.faults()) == (ZERO_BALANCES, [])


def test_another_message_holds_for_a_time_of_its_own(books: Books) -> None:
    books.sale("S1", 100_00, "09-05")
    park_refund(books, "10-01")
    second = park_refund(books, "10-20")
    work(books, "11-05")
    assert balances_of(books) == (10_00, 0, 0)
    assert open_hold(books, "S1").cause_id == second.event_id
    work(books, "11-20")
    assert balances_of(books) == (0, 10_00, 0)


def test_new_evidence_neither_prolongs_a_hold_nor_lets_an_ended_message_hold_again(books: Books) -> None:
    bob = add_creator(books, "bob", connected=False)
    books.sale("S1", 100_00, SOLD, click=books.click(books.link_id, "10-01 08:00"))
    park_refund(books, "10-02")
    books.decide(hold, "S1", "10-05", reason="under_review")
    work(books, "11-05")
    former = open_hold(books, "S1")
    report_again(books, "S1", 100_00, SOLD, books.click(bob.link_id, "10-01 09:00"), "11-06")
    copy = open_hold(books, "S1")
    assert (copy.placed_by, copy.ends_at) == ("carried_over", former.ends_at)
    assert copy.commission_id != former.commission_id
    work(books, "12-31")
    assert (books.balance().total_minor, books.balance(bob.creator_id).payable_minor) == (0, 10_00)


def test_the_release_belongs_to_the_end_of_the_hold_however_late_the_job_runs(books: Books) -> None:
    """The hold ends on 30 November: November's close releases the commission, with that date."""
    books.sale("S1", 100_00, "09-01")
    books.decide(hold, "S1", "09-05", reason="under_review")
    assert open_hold(books, "S1").ends_at == at("11-30")
    books.end("2026-11", "12-01 00:05")
    with read_session(books.databases.main) as session:
        released = select(Period.name, Transaction.effective_at).join(Transaction)
        (found,) = session.execute(released.where(Transaction.kind == "mature"))
    assert tuple(found) == ("2026-11", at("11-30"))
    assert lifts(books, "S1") == [(*ENDED, at("11-30"))]
    assert books.faults() == []


def test_a_hold_is_ended_once_and_never_before_its_end(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.decide(hold, "S1", "10-05", reason="under_review")
    assert books.write(lambda s: end_holds(s, at("12-30"), 10)) == 0
    later = at("2027-01-01T00:00:00")
    assert books.write(lambda s: end_holds(s, later, 10, brand_id="brd_other")) == 0
    assert books.write(lambda s: end_holds(s, later, 10, brand_id=books.brand_id)) == 1
    assert books.write(lambda s: end_holds(s, later, 10)) == 0


def test_a_hold_that_a_person_lifted_stays_lifted_by_that_person(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.decide(hold, "S1", "10-05", reason="under_review")
    books.decide(release, "S1", "10-06", note="fine")
    work(books, "2027-01-15T12:00:00")
    assert lifts(books, "S1") == [("fine", None, at("10-06"))]


def test_a_hold_of_an_older_process_without_an_end_gets_one(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.decide(hold, "S1", "10-05", reason="under_review")
    change_hold(books, "S1", ends_at=None, placed_by=None)
    books.write(lambda s: end_holds(s, at("10-06"), 10))
    assert open_hold(books, "S1").ends_at == at("12-30")


def test_held_says_until_when_and_what_happens_then(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.decide(hold, "S1", "10-05", reason="under_review")
    books.sale("S2", 100_00, "10-01")
    books.dispute("S2", "opened", 100_00, "10-06")
    terminal = Terminal(books.settings, COMMANDS)
    first, second = (each["holds"][0] for each in terminal.ask("commission", "held"))
    assert (first["until"], first["at_the_end"]) == ("2026-12-30T12:00:00Z", "released")
    assert (second["until"], second["at_the_end"]) == ("2027-02-03T12:00:00Z", "provider_asked")
    assert (first["extended"], first["asked_at"], second["asked_at"]) == (False, None, None)
    text = terminal.run("commission", "held").stdout
    assert "until 2026-12-30T12:00:00Z, if nobody decides; then released" in text
    assert "until the dispute ends; if it has not by 2027-02-03T12:00:00Z, the provider is asked" in text


def test_a_dispute_does_not_end_by_the_job_for_holds(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.dispute("S1", "opened", 100_00, "10-06")
    assert books.write(lambda s: end_holds(s, at("2029-01-01T00:00:00"), 10)) == 0
