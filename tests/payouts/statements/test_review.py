"""The review of a draft: decisions with reasons, approval by a person or automatically, and the seal."""

import hashlib
import json
import threading
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from config.database import read_session
from payouts.statements.decisions.commissions import REASONS, decline, hold, release
from payouts.statements.document.reading import whole_statement
from payouts.statements.models import SealedDocument, Statement
from payouts.statements.review import approve, approve_automatically, due_for_approval, get_statement
from payouts.statements.seal import seal, seal_approved
from tests.cast.books import Books, at
from tests.cast.months import (
    DEFAULT_SEED,
    NOVEMBER,
    OCTOBER,
    add_booking,
    later,
    only_payout,
)
from tests.cast.people import PERSON
from tests.harness.databases.snapshots import database_seed_for
from tests.payouts.statements.october import DRAFT
from tests.payouts.test_worked_example import equation, split
from tracker.errors import Conflict, Invalid, NotFound, NotNow

database_seed = database_seed_for(draft=DRAFT, books=DEFAULT_SEED)


@pytest.fixture
def draft(books: Books) -> Books:
    """October's draft: 100 EUR of order 1001 are released, 40 EUR of order 1002 are held until 4 November."""
    return books


def decide(books: Books, what: Any, order: str, when: str, **how: Any) -> Any:
    commission_id = books.commission(order).id
    return books.write(lambda s: what(s, at(when), commission_id, actor=PERSON, **how))


def statement_id(books: Books, period: str) -> str:
    with read_session(books.databases.main) as session:
        return get_statement(session, books.brand_id, period, "EUR").id


def test_a_decline_in_review_counts_for_the_drafts_period(draft: Books) -> None:
    decide(draft, decline, "1001", "11-03", reason="returned", note="came back unopened")
    document = draft.statement("2026-10")
    assert equation(document) == [0, 140_00, 100_00, 0, 0, 40_00]
    (line,) = [each for each in document["creators"][0]["lines"] if each["order"] == "1001"]
    assert (line["status"], line["remaining"]["minor"]) == ("declined", 0)
    assert line["reasons"][-1]["why"] == "returned: came back unopened"


def test_a_decline_of_a_held_line_counts_for_the_drafts_period_too(draft: Books) -> None:
    decide(draft, decline, "1002", "11-03", reason="cancelled")
    assert equation(draft.statement("2026-10")) == [0, 140_00, 40_00, 0, 0, 100_00]
    assert split(draft.statement("2026-10")) == {"payable": 100_00}


def test_a_decline_counts_for_the_draft_although_another_order_was_released_since(draft: Books) -> None:
    draft.run_jobs(at("11-04 13:00"))
    decide(draft, decline, "1001", "11-05", reason="returned")
    assert equation(draft.statement("2026-10")) == [0, 140_00, 100_00, 0, 0, 40_00]


def test_decline_of_a_later_release_does_not_lower_this_payout(draft: Books) -> None:
    """1002 was held at the end of October and is released on 4 November, so it belongs to November."""
    draft.run_jobs(at("11-04 13:00"))
    decide(draft, decline, "1002", "11-05", reason="returned")
    document = draft.approve("2026-10", OCTOBER.approval)
    assert split(document) == {"held": 40_00, "payable": 100_00}
    assert draft.run(OCTOBER.payday).pay(draft.brand_id).paid
    assert only_payout(draft).amount_minor == 100_00
    assert draft.balance().total_minor == 0
    assert equation(draft.close("2026-11", NOVEMBER.closing)) == [140_00, 0, 40_00, 0, 100_00, 0]


def test_a_hold_in_review_takes_the_line_out_of_what_the_draft_authorises(draft: Books) -> None:
    decide(draft, hold, "1001", "11-03", reason="under_review")
    document = draft.approve("2026-10", OCTOBER.approval)
    assert split(document) == {"held": 140_00}
    assert not draft.run(OCTOBER.payday).pay(draft.brand_id).paid


def test_what_was_held_is_released_again_and_paid_with_the_next_statement(draft: Books) -> None:
    decide(draft, hold, "1001", "11-03", reason="under_review")
    draft.approve("2026-10", OCTOBER.approval)
    draft.run_jobs(at("11-10"))
    assert draft.balance().payable_minor == 40_00
    assert decide(draft, release, "1001", "11-12").lifted == 1
    draft.run_jobs(at("11-12 13:00"))
    assert draft.balance().payable_minor == 140_00
    assert draft.close("2026-11", NOVEMBER.closing)["released_in_period"]["minor"] == 140_00
    assert draft.faults() == []


def test_decline_of_a_disputed_commission_leaves_no_negative_hold(draft: Books) -> None:
    draft.dispute("1001", "opened", 1000_00, "11-02")
    decide(draft, decline, "1001", "11-03", reason="breach")
    document = draft.approve("2026-10", OCTOBER.approval)
    assert split(document) == {"held": 40_00, "payable": 100_00}
    assert not draft.run(OCTOBER.payday).pay(draft.brand_id).paid
    assert split(draft.close("2026-11", NOVEMBER.closing)) == {"below_minimum": 40_00}


def test_held_commission_can_be_declined_and_is_then_worth_zero(draft: Books) -> None:
    decide(draft, hold, "1001", "11-03", reason="breach")
    decide(draft, decline, "1001", "11-04", reason="breach")
    assert split(draft.statement("2026-10")) == {"held": 40_00}
    with pytest.raises(Conflict, match="declined before"):
        decide(draft, decline, "1001", "11-05", reason="breach")
    with pytest.raises(Conflict, match="nothing to hold"):
        decide(draft, hold, "1001", "11-05", reason="breach")


def test_release_without_a_hold_is_refused(draft: Books) -> None:
    with pytest.raises(NotFound, match="No hold"):
        decide(draft, release, "1001", "11-03")


def test_a_decision_needs_a_reason_that_the_creator_can_read(draft: Books) -> None:
    for what in (decline, hold):
        for reason, note in (("because", ""), ("other", ""), ("other", "   "), ("", "x")):
            with pytest.raises(Invalid):
                decide(draft, what, "1001", "11-03", reason=reason, note=note)
    assert equation(draft.statement("2026-10")) == [0, 140_00, 0, 0, 0, 140_00]


def test_every_reason_code_has_words() -> None:
    assert all(words for words in REASONS.values())
    assert {"returned", "cancelled", "other"} <= set(REASONS)


def test_a_decline_after_the_seal_counts_for_the_next_period(draft: Books) -> None:
    sealed = draft.approve("2026-10", OCTOBER.approval)
    decide(draft, decline, "1001", "11-09", reason="returned", evidence="the parcel came back on 8 November")
    assert draft.statement("2026-10")["equation"] == sealed["equation"]
    assert not draft.run(OCTOBER.payday).pay(draft.brand_id).paid  # the reversal takes back what it would pay
    assert equation(draft.close("2026-11", NOVEMBER.closing)) == [140_00, 0, 100_00, 0, 0, 40_00]


def test_draft_is_approved_automatically_after_the_review_and_not_before(draft: Books) -> None:
    own = statement_id(draft, "2026-10")
    with read_session(draft.databases.main) as session:
        assert due_for_approval(session, at("2026-11-07T23:59:59")) == []
        assert due_for_approval(session, at("2026-11-08T00:00:00")) == [own]
    assert not draft.write(lambda s: approve_automatically(s, at("2026-11-07T23:59:59"), own))
    assert draft.write(lambda s: approve_automatically(s, at("2026-11-08T00:00:00"), own))
    assert not draft.write(lambda s: approve_automatically(s, at("2026-11-08T00:00:01"), own))
    assert draft.write(lambda s: seal_approved(s, at("2026-11-08T00:00:00"), draft.brand_id)) == [own]
    document = sealed_body(draft, own)
    assert (document["approved_by"], document["sealed_at"]) == ("silence", "2026-11-08T00:00:00Z")


def sealed_body(books: Books, statement: str) -> dict[str, Any]:
    with read_session(books.databases.main) as session:
        return whole_statement(session, session.get_one(Statement, statement))


def test_automatic_approval_seals_months_in_order(draft: Books) -> None:
    draft.end("2026-11", NOVEMBER.closing)
    with read_session(draft.databases.main) as session:
        due = due_for_approval(session, at(NOVEMBER.approval))
    assert due == [statement_id(draft, "2026-10"), statement_id(draft, "2026-11")]
    for each in due:
        assert draft.write(lambda s, own=each: approve_automatically(s, at(NOVEMBER.approval), own))
    assert draft.write(lambda s: seal_approved(s, at(NOVEMBER.approval), draft.brand_id)) == due
    assert draft.faults() == []


def test_a_statement_is_not_sealed_before_the_earlier_one(draft: Books) -> None:
    draft.end("2026-11", NOVEMBER.closing)
    with pytest.raises(NotNow, match="Approve the statement of 2026-10 first"):
        draft.write(
            lambda s: approve(s, at(NOVEMBER.approval), statement_id(draft, "2026-11"), approved_by="brand")
        )


def test_approving_in_eight_threads_at_once_makes_one_document(draft: Books) -> None:
    own = statement_id(draft, "2026-10")
    start, bodies = threading.Barrier(8), []

    def worker() -> None:
        start.wait()
        draft.write(lambda s: approve(s, at("11-08"), own, approved_by="brand"))
        bodies.append(draft.write(lambda s: seal(s, at("11-08"), own).body))

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(bodies), len(set(bodies))) == (8, 1)
    assert draft.faults() == []


def test_a_sealed_document_is_hashed_and_follows_the_one_before(draft: Books) -> None:
    draft.approve("2026-10", OCTOBER.approval)
    draft.end("2026-11", NOVEMBER.closing)
    draft.approve("2026-11", NOVEMBER.approval)
    with read_session(draft.databases.main) as session:
        query = select(SealedDocument).join(Statement).order_by(Statement.drafted_at)
        first, second = session.execute(query).scalars()
    for each in (first, second):
        assert hashlib.sha256(each.body.encode()).hexdigest() == each.sha256
    assert (first.previous_sha256, second.previous_sha256) == (None, first.sha256)
    assert json.loads(second.body)["previous_sha256"] == first.sha256


def test_a_sealed_document_never_changes_after_later_events(draft: Books) -> None:
    draft.approve("2026-10", OCTOBER.approval)
    own = statement_id(draft, "2026-10")
    before = sealed_body(draft, own)
    draft.refund("1001", 500_00, "11-10")
    draft.dispute("1002", "lost", 400_00, "11-11")
    add_booking(draft, 5_00, "11-12")
    draft.run(OCTOBER.payday).pay(draft.brand_id)
    draft.end("2026-11", NOVEMBER.closing)
    assert sealed_body(draft, own) == before
    # A draft of that period, built again from the books, has the same contents.
    again = draft.statement("2026-10")
    assert {name: before[name] for name in again} == again
    assert draft.faults() == []


CHANGES = (
    "update sealed_document set body = '{}'",
    "delete from sealed_document",
    "update statement set state = 'draft', sealed_at = null",
    "update statement set pay_from = drafted_at",
    "delete from statement",
)


def test_the_database_refuses_to_change_sealed_statements(draft: Books) -> None:
    draft.approve("2026-10", OCTOBER.approval)
    for change in CHANGES:
        with pytest.raises(DBAPIError, match="never changed"):
            draft.write(lambda s, change=change: s.execute(text(change)))


def test_a_draft_is_not_yet_protected(draft: Books) -> None:
    assert draft.write(lambda s: s.execute(text("update statement set pay_from = drafted_at")).rowcount) == 1


def test_payouts_start_on_the_day_after_the_review(draft: Books) -> None:
    document = draft.approve("2026-10", OCTOBER.approval)
    assert document["pay_from"] == "2026-11-09T00:00:00Z"
    assert not draft.run("2026-11-08T23:59:59").pay(draft.brand_id).paid
    assert draft.run(later("2026-11-09T00:00:00")).pay(draft.brand_id).paid
