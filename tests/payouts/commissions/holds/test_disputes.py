"""A dispute without an end: after 120 days its provider is asked, then a person decides within 30 days."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import read_session
from payouts.commissions.holds.of_disputes import disputes_to_ask, enter_answer
from payouts.commissions.models import Hold
from payouts.processes import job_table
from payouts.processes.job_table import JOBS, run_all_jobs
from payouts.statements.commands import COMMANDS
from payouts.statements.decisions.commissions import decline, release
from tests.cast.api import Terminal
from tests.cast.books import Books, at
from tests.payouts.commissions.order_state import ZERO_BALANCES, balances_of, holds, open_hold
from tests.payouts.commissions.test_provider_refunds import deliver, stripe_source, unix_time
from tests.tracker.sales.payloads_read import event, raw
from tracker.errors import NotFound
from tracker.sales.inbox.apply_or_park import receive
from tracker.sales.inbox.models import Event
from tracker.sales.orders.models import Sale
from tracker.sales.sources.operations import get_source

DISPUTE, CHARGE, PAYMENT = "du_1ExampleDispute", "ch_3ExampleOrderOne", "pi_3ExampleOrderOne"
OPENED, ASKED = "10-20", "2027-02-17T13:00:00"
"""120 days lie between the two."""
DECIDED = "2027-03-19T13:01:00"


@pytest.fixture(autouse=True)
def jobs_for_commissions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other jobs have nothing to do here."""
    names = ("accrue", "disputes", "adjust", "holds", "mature")
    monkeypatch.setattr(job_table, "JOBS", tuple(job for job in JOBS if job.name in names))


def work(books: Books, when: str) -> dict[str, Any]:
    """Run the jobs of that day. Returns the result of the one that asks."""
    settings = books.settings.model_copy(update={"stripe_api_base": books.sandbox.url})
    (run,) = run_all_jobs(books.databases, settings, at(when))
    asked: dict[str, Any] = run["jobs"].get("disputes", {})
    return asked


def answers(result: dict[str, Any]) -> list[str]:
    return list(result.get("asked", {}).values())


def dispute_message(kind: str, status: str, when: str) -> dict[str, Any]:
    changes: dict[str, Any] = {"status": status, "created": unix_time(OPENED)}
    changes |= {"type": f"charge.dispute.{kind}", "key": f"evt_{kind}_{status}", "at": unix_time(when)}
    return event("stripe_dispute_created", **changes)


def open_dispute(books: Books) -> str:
    """Stripe reports a sale of 90.00 net at 10 % and a dispute of it. Returns the id of the source."""
    source_id = stripe_source(books)
    token = books.click(books.link_id, "10-01")
    paid = event("stripe_session_paid", at=unix_time("10-01"), client_reference_id=token)
    deliver(books, source_id, paid, "10-01")
    deliver(books, source_id, dispute_message("created", "needs_response", OPENED), OPENED)
    assert balances_of(books) == (9_00, 0, 0)
    return source_id


def order_id(books: Books) -> str:
    with read_session(books.databases.main) as session:
        return session.scalars(select(Sale.order_id)).one()


def provider_says(books: Books, status: str) -> None:
    books.sandbox.control.set_dispute(DISPUTE, status, 11305, "EUR", CHARGE, PAYMENT)


def asked_requests(books: Books) -> int:
    return sum(each["path"].startswith("/v1/disputes/") for each in books.sandbox.control.requests())


def hold_of_dispute(books: Books) -> Hold:
    with read_session(books.databases.main) as session:
        return session.scalars(select(Hold).where(Hold.kind == "dispute")).one()


def states(books: Books) -> list[str]:
    with read_session(books.databases.main) as session:
        return list(session.scalars(select(Event.state).order_by(Event.received_at, Event.id)))


@pytest.mark.parametrize(
    ("status", "balances"), [("won", (0, 9_00, 0)), ("warning_closed", (0, 9_00, 0)), ("lost", ZERO_BALANCES)]
)
def test_what_the_provider_answers_ends_the_dispute(
    books: Books, status: str, balances: tuple[int, int, int]
) -> None:
    open_dispute(books)
    provider_says(books, status)
    assert answers(work(books, "2027-02-17T11:00:00")) == []
    assert answers(work(books, ASKED)) == ["ended"]
    assert balances_of(books) == balances
    assert hold_of_dispute(books).lifted_at == at(ASKED)
    assert answers(work(books, "2027-02-18T13:00:00")) == []
    assert asked_requests(books) == 1
    assert books.faults("2027-06-01T00:00:00") == []


def test_the_message_of_the_provider_that_comes_later_is_no_conflict(books: Books) -> None:
    source_id = open_dispute(books)
    provider_says(books, "won")
    work(books, ASKED)
    late = deliver(
        books, source_id, dispute_message("closed", "won", "2027-02-16T00:00:00"), "2027-02-20T00:00:00"
    )
    assert (late.state, late.reason_code) == ("applied", "already_booked")
    assert (balances_of(books), holds(books, order_id(books))) == ((0, 9_00, 0), [])


def test_an_answer_that_comes_just_after_the_message_of_the_provider_is_no_conflict(books: Books) -> None:
    """The provider's message is stored, and not entered yet."""
    source_id = open_dispute(books)
    with read_session(books.databases.main) as session:
        (due,) = disputes_to_ask(session, at(ASKED))
    keys, closed = books.settings.secret_keys, dispute_message("closed", "won", ASKED)
    answer = closed["data"]["object"]

    def both(session: Session) -> None:
        receive(session, at(ASKED), get_source(session, source_id), closed["id"], raw(closed), keys=keys)
        later = at(ASKED) + timedelta(seconds=9)
        assert enter_answer(session, later, due, answer, keys=keys) == "ended"

    books.write(both)
    assert states(books) == ["applied"] * 4
    work(books, "2027-02-18T13:00:00")
    assert balances_of(books) == (0, 9_00, 0)


def test_a_dispute_that_is_still_open_is_decided_by_a_person(books: Books) -> None:
    open_dispute(books)
    order = order_id(books)
    provider_says(books, "under_review")
    with pytest.raises(NotFound, match="No hold"):
        books.decide(release, order, "2027-02-17T10:00:00")
    assert answers(work(books, ASKED)) == ["still_open"]
    placed = open_hold(books, order)
    assert (placed.asked_at, placed.ends_at) == (at(ASKED), at("2027-03-19T13:00:00"))
    assert answers(work(books, "2027-02-18T13:00:00")) == []
    terminal = Terminal(books.settings, COMMANDS)
    assert "linkledger commission release" in terminal.run("commission", "held").stdout
    books.decide(release, order, "2027-02-19T13:00:00", note="the bank does not answer")
    work(books, "2027-02-19T14:00:00")
    assert balances_of(books) == (0, 9_00, 0)


def test_a_person_declines_what_its_provider_did_not_end(books: Books) -> None:
    open_dispute(books)
    provider_says(books, "needs_response")
    work(books, ASKED)
    books.decide(decline, order_id(books), "2027-02-19T13:00:00", reason="payment_failed")
    assert (balances_of(books), books.faults("2027-06-01T00:00:00")) == (ZERO_BALANCES, [])


def test_a_dispute_that_nobody_decides_ends_after_thirty_days_and_what_is_told_later_counts(
    books: Books,
) -> None:
    source_id = open_dispute(books)
    provider_says(books, "needs_response")
    work(books, ASKED)
    work(books, "2027-03-19T12:59:00")
    assert balances_of(books) == (9_00, 0, 0)
    work(books, DECIDED)
    assert balances_of(books) == (0, 9_00, 0)
    assert hold_of_dispute(books).lift_code == "hold_ended"
    again = dispute_message("updated", "under_review", "2027-03-20T00:00:00")
    deliver(books, source_id, again, "2027-03-20T00:00:00")
    assert balances_of(books) == (0, 9_00, 0)
    lost = dispute_message("closed", "lost", "2027-03-21T00:00:00")
    deliver(books, source_id, lost, "2027-03-21T00:00:00")
    assert (balances_of(books), books.faults("2027-06-01T00:00:00")) == (ZERO_BALANCES, [])


def test_nobody_is_asked_about_a_dispute_that_another_kind_of_shop_reported(books: Books) -> None:
    books.sale("S1", 90_00, "10-01")
    books.dispute("S1", "opened", 90_00, OPENED)
    assert answers(work(books, ASKED)) == ["not_known"]
    assert (asked_requests(books), open_hold(books, "S1").ends_at) == (0, at("2027-03-19T13:00:00"))


def test_a_dispute_that_the_rails_account_does_not_know_is_decided_by_a_person(books: Books) -> None:
    open_dispute(books)
    assert answers(work(books, ASKED)) == ["not_known"]
    assert asked_requests(books) == 1


@pytest.mark.parametrize("fault", ["401", "403"])
def test_a_key_that_may_not_read_disputes_leaves_the_decision_to_a_person(books: Books, fault: str) -> None:
    open_dispute(books)
    provider_says(books, "won")
    books.sandbox.control.queue_fault(f"{fault}_before", "GET /v1/disputes/*", times=9)
    assert answers(work(books, ASKED)) == ["not_known"]


@pytest.mark.parametrize("fault", ["drop", "html", "500", "503", "429"])
def test_a_provider_that_does_not_respond_is_asked_again_the_next_day(books: Books, fault: str) -> None:
    open_dispute(books)
    provider_says(books, "lost")
    books.sandbox.control.queue_fault(f"{fault}_before", "GET /v1/disputes/*", times=99)
    assert DISPUTE not in str(failed := work(books, ASKED))
    assert failed["asked"] == {}
    assert "error" in failed
    assert hold_of_dispute(books).asked_at is None
    books.sandbox.control.clear_faults()
    assert answers(work(books, "2027-02-18T13:00:00")) == ["ended"]
    assert balances_of(books) == ZERO_BALANCES


def test_a_provider_that_never_responds_is_asked_for_ten_days(books: Books) -> None:
    open_dispute(books)
    books.sandbox.control.queue_fault("500_before", "GET /v1/disputes/*", times=99)
    assert "error" in work(books, "2027-02-27T11:00:00")
    assert answers(work(books, "2027-02-27T13:00:00")) == ["not_known"]
    assert hold_of_dispute(books).asked_at == at("2027-02-27T13:00:00")


def test_one_dispute_that_cannot_be_asked_about_does_not_stop_the_others(books: Books) -> None:
    open_dispute(books)
    books.sale("S1", 90_00, "10-01")
    books.dispute("S1", "opened", 90_00, "10-21")
    books.sandbox.control.queue_fault("500_before", "GET /v1/disputes/*", times=99)
    result = work(books, "2027-02-19T13:00:00")
    assert (answers(result), "error" in result) == (["not_known"], True)
    assert open_hold(books, "S1").asked_at is not None


def test_a_dispute_that_ended_while_it_was_asked_about_keeps_its_end(books: Books) -> None:
    source_id = open_dispute(books)
    with read_session(books.databases.main) as session:
        (due,) = disputes_to_ask(session, at(ASKED))
    deliver(books, source_id, dispute_message("closed", "won", ASKED), ASKED)
    keys = books.settings.secret_keys
    assert books.write(lambda s: enter_answer(s, at(ASKED), due, None, keys=keys)) is None
    assert hold_of_dispute(books).asked_at is None


def test_evidence_in_the_answer_is_not_stored(books: Books) -> None:
    open_dispute(books)
    provider_says(books, "won")
    work(books, ASKED)
    with read_session(books.databases.main) as session:
        body = session.scalars(select(Event.body).where(Event.type == "dispute.asked")).one()
    assert b"customer_email_address" not in body
