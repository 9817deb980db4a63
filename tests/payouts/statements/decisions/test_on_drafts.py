"""What a person decides during a review is posted to the draft's period, as far as the money stands there."""

import threading
from datetime import date

import pytest
from sqlalchemy import select

from config.database import read_session
from payouts.statements.decisions.commissions import decline, hold
from payouts.statements.models import DecisionHold, DecisionTransaction, ReviewDecision
from tests.cast.books import Books, add_brand, at
from tests.cast.months import DEFAULT_SEED, NOVEMBER, OCTOBER, seed_after, sell_and_release
from tests.cast.people import PERSON
from tests.harness.databases.snapshots import database_seed_for
from tests.payouts.statements.october import (
    DRAFT,
    ask,
    decide,
    decide_refused,
    paid,
    split,
    statement,
)
from tracker.errors import Conflict
from tracker.people.accounts.models import Brand


def won_in_november(books: Books) -> None:
    """50 of 100 stand in October; the dispute about the other 50 is won on 2 November. 80 are undisputed."""
    sell_and_release(books, "disputed", 100_00)
    sell_and_release(books, "other", 80_00)
    books.dispute("disputed", "lost", 500_00, "10-31 03:00")
    books.end("2026-10", OCTOBER.closing)
    books.dispute("disputed", "won", 500_00, "11-02")


WON = seed_after(won_in_november)

database_seed = database_seed_for(draft=DRAFT, won=WON, books=DEFAULT_SEED)


@pytest.fixture
def draft(books: Books) -> Books:
    return books


@pytest.fixture
def won(books: Books) -> Books:
    return books


def test_a_line_that_is_held_and_released_an_hour_later_is_paid_with_its_statement(draft: Books) -> None:
    decide(draft, "11-03 10:00", "hold", "1001", "--reason", "under_review")
    assert split(draft) == {"held": 140_00}
    decide(draft, "11-03 11:00", "release", "1001")
    assert split(draft) == {"held": 40_00, "payable": 100_00}
    statement(draft, "approve", OCTOBER.approval)
    assert paid(draft) == [100_00]
    assert draft.faults() == []


def test_a_decline_on_the_draft_takes_no_more_than_stands_there(won: Books) -> None:
    decide(won, "11-05", "decline", "disputed", "--reason", "breach")
    assert split(won) == {"payable": 80_00}
    statement(won, "approve", OCTOBER.approval)
    assert won.balance().payable_minor == 80_00
    assert paid(won) == [80_00]
    assert won.faults() == []


def test_what_was_refunded_since_is_not_declined_on_the_draft(draft: Books) -> None:
    draft.refund("1001", 300_00, "11-02")
    decide(draft, "11-05", "decline", "1001", "--reason", "returned")
    assert split(draft) == {"held": 40_00, "below_minimum": 30_00}
    assert draft.balance().payable_minor == 0
    assert draft.faults() == []


def test_a_hold_on_the_draft_moves_nothing_there_of_what_was_released_later(draft: Books) -> None:
    draft.run_jobs(at("11-04 13:00"))
    decide(draft, "11-05", "hold", "1002", "--reason", "under_review")
    assert split(draft) == {"held": 40_00, "payable": 100_00}
    assert (draft.balance().pending_minor, draft.balance().payable_minor) == (40_00, 100_00)
    assert draft.faults() == []


def test_what_was_due_after_the_cut_off_is_not_released_on_the_draft(draft: Books) -> None:
    """It was due on 4 November, so the job releases it in November."""
    decide(draft, "11-02", "hold", "1002", "--reason", "under_review")
    decide(draft, "11-05", "release", "1002")
    assert draft.balance().pending_minor == 40_00
    draft.run_jobs(at("11-05 13:00"))
    assert split(draft) == {"held": 40_00, "payable": 100_00}
    assert draft.balance().payable_minor == 140_00


def test_a_release_on_the_draft_waits_for_other_holds(draft: Books) -> None:
    decide(draft, "11-02", "hold", "1001", "--reason", "under_review")
    draft.dispute("1001", "opened", 1000_00, "11-03 10:00")
    decide(draft, "11-03 11:00", "release", "1001")
    assert split(draft) == {"held": 140_00}
    draft.dispute("1001", "won", 1000_00, "11-04 10:00")
    assert draft.balance().payable_minor == 100_00
    assert draft.faults() == []


def test_a_hold_names_its_end_within_sixty_days(draft: Books) -> None:
    for day in ("2026-11-02", "2027-01-03"):
        message = decide_refused(draft, "11-03", "hold", "1001", "--reason", "under_review", "--until", day)
        assert f"from 2026-11-03 to 2027-01-02, not on {day}" in message
    held = decide(draft, "11-03", "hold", "1001", "--reason", "under_review", "--until", "2026-11-20")
    assert held["ends_at"] == "2026-11-21T00:00:00Z"
    (shown,) = ask(draft, "11-03", "commission", "held", "--brand", draft.brand_id)
    assert shown["holds"][0]["until"] == "2026-11-21T00:00:00Z"


def test_a_hold_without_a_named_end_lasts_sixty_days_after_the_later_of_hold_and_release_date(
    draft: Books,
) -> None:
    ends = [
        decide(draft, "11-01", "hold", each, "--reason", "breach")["ends_at"] for each in ("1001", "1002")
    ]
    assert ends == ["2026-12-31T12:00:00Z", "2027-01-03T12:00:00Z"]


def test_a_hold_is_extended_once_by_thirty_days_with_a_note(draft: Books) -> None:
    until = ("--until", "2026-11-20")
    decide(draft, "11-03", "hold", "1001", "--reason", "under_review", *until)
    note = ("--note", "the bank needs longer")
    assert "to 2026-12-21" in decide_refused(draft, "11-19", "extend", "1001", "--until", "2026-12-22", *note)
    assert "extend it to a later time until 2026-12-21" in decide_refused(
        draft, "11-19", "extend", "1001", *until, *note
    )
    assert "needs a note" in decide_refused(
        draft, "11-19", "extend", "1001", "--until", "2026-12-10", "--note", " "
    )
    extended = decide(draft, "11-19", "extend", "1001", "--until", "2026-12-10", *note)
    assert extended["ends_at"] == "2026-12-11T00:00:00Z"
    again = decide_refused(draft, "11-19", "extend", "1001", "--until", "2026-12-15", *note)
    assert "was extended before" in again


def test_the_hold_of_a_dispute_is_not_extended(draft: Books) -> None:
    draft.dispute("1001", "opened", 1000_00, "11-02")
    options = ("--until", "2026-12-10", "--note", "the bank needs longer")
    assert "no review hold" in decide_refused(draft, "11-19", "extend", "1001", *options)


def test_a_decision_names_its_draft(draft: Books) -> None:
    draft.end("2026-11", NOVEMBER.closing)
    reason = ("--reason", "breach")
    wrong = decide_refused(draft, "12-02", "decline", "1001", *reason, "--period", "2026-11")
    assert "is not in the draft of 2026-11. It is in the draft of 2026-10." in wrong
    decide(draft, "12-02", "decline", "1002", *reason, "--period", "2026-11")
    assert split(draft) == {"held": 40_00, "payable": 100_00}
    assert split(draft, "2026-11") == {"payable": 100_00}


def test_a_decision_on_the_draft_of_another_brand_is_refused(draft: Books) -> None:
    mugs = add_brand(draft)
    refusal = decide_refused(
        draft, "11-03", "decline", "1001", "--reason", "breach", "--brand", mugs.brand_id
    )
    assert "belongs to another brand" in refusal
    mugs.end("2026-10", "11-01 00:10")
    (other,) = ask(draft, "11-03", "statement", "list", "--brand", mugs.brand_id)
    with pytest.raises(Conflict, match="belongs to another brand"):
        draft.decide(decline, "1001", "11-03", reason="breach", statement_id=other["id"])


def test_a_decision_is_recorded_with_its_actor_and_what_it_did(draft: Books) -> None:
    held = decide(draft, "11-03", "hold", "1001", "--reason", "breach", "--note", "forged")["decision"]
    decide(draft, "11-04", "decline", "1001", "--reason", "returned", "--evidence", "parcel 17")
    first, second = decide(draft, "11-05", "decisions", "1001")
    assert (first["id"], first["kind"], first["code"], first["note"]) == (held, "hold", "breach", "forged")
    assert first["actor"] == {"kind": "cli", "id": None, "entry_point": "commission hold"}
    assert (first["amount"]["minor"], first["until"], first["undone"]) == (
        100_00,
        "2027-01-02T12:00:00Z",
        None,
    )
    assert (second["kind"], second["evidence"], second["at"]) == (
        "decline",
        "parcel 17",
        "2026-11-04T12:00:00Z",
    )
    assert statement(draft, "decisions", "11-05") == [first, second]
    with read_session(draft.databases.main) as session:
        posted = session.scalars(select(DecisionTransaction.decision_id)).all()
        placed = session.scalars(select(DecisionHold.decision_id)).all()
    assert (sorted(posted), placed) == (sorted([held, second["id"]]), [held])


def test_of_two_people_who_decline_at_once_one_is_refused(draft: Books) -> None:
    commission_id = draft.commission("1001").id
    start, results = threading.Barrier(2), []

    def worker() -> None:
        start.wait()
        try:
            draft.write(lambda s: decline(s, at("11-03"), commission_id, reason="breach", actor=PERSON))
            results.append("declined")
        except Conflict as error:
            results.append(str(error))

    threads = [threading.Thread(target=worker) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [f"{commission_id} was declined before.", "declined"]
    with read_session(draft.databases.main) as session:
        assert len(session.scalars(select(ReviewDecision)).all()) == 1


def test_a_line_that_was_paid_cannot_be_held(draft: Books) -> None:
    statement(draft, "approve", OCTOBER.approval)
    assert paid(draft) == [100_00]
    assert "nothing of it can be held" in decide_refused(draft, "11-10", "hold", "1001", "--reason", "breach")


def test_nothing_is_released_without_a_hold(draft: Books) -> None:
    assert "No hold" in decide_refused(draft, "11-03", "release", "1001")


def test_a_day_is_the_brands_own(books: Books) -> None:
    """In New York it is still 2 November when the hold is placed."""
    books.write(lambda s: setattr(s.get_one(Brand, books.brand_id), "timezone", "America/New_York"))
    books.sale("S1", 1000_00, "10-01")

    books.decide(hold, "S1", "11-03 03:00", reason="breach", until=date(2026, 11, 2))
    (decided,) = decide(books, "11-04", "decisions", "S1")
    assert decided["until"] == "2026-11-03T05:00:00Z"
