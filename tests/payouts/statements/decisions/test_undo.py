"""A decision is undone in the periods to which it was posted, until one of their statements is approved."""

import threading

import pytest

from payouts.statements.decisions.commissions import decline, hold, release
from payouts.statements.decisions.undo import undo
from tests.cast.books import Books, at
from tests.cast.months import OCTOBER
from tests.cast.people import PERSON
from tests.harness.databases.snapshots import database_seed_for
from tests.payouts.statements.october import (
    DRAFT,
    ask,
    decide,
    decide_refused,
    paid,
    refused,
    split,
    statement,
)
from tests.payouts.test_worked_example import equation
from tracker.errors import Conflict

database_seed = database_seed_for(draft=DRAFT)

AS_CLOSED = {"held": 40_00, "payable": 100_00}


@pytest.fixture
def draft(books: Books) -> Books:
    return books


def undo_it(books: Books, when: str, decision: str) -> None:
    ask(books, when, "commission", "undo", decision)


def undo_refused(books: Books, when: str, decision: str) -> str:
    return refused(books, when, "commission", "undo", decision)


def test_an_undone_hold_is_paid_with_its_statement(draft: Books) -> None:
    held = decide(draft, "11-03", "hold", "1001", "--reason", "breach")["decision"]
    assert split(draft) == {"held": 140_00}
    undo_it(draft, "11-04", held)
    assert split(draft) == AS_CLOSED
    statement(draft, "approve", OCTOBER.approval)
    assert paid(draft) == [100_00]
    assert draft.faults() == []


def test_an_undone_release_holds_again_in_the_draft_with_the_same_reason_and_end(draft: Books) -> None:
    until = ("--until", "2026-11-20")
    decide(draft, "11-03 10:00", "hold", "1001", "--reason", "breach", "--note", "forged", *until)
    released = decide(draft, "11-03 11:00", "release", "1001")["decision"]
    assert split(draft) == AS_CLOSED
    undo_it(draft, "11-03 12:00", released)
    assert split(draft) == {"held": 140_00}
    (listed,) = ask(draft, "11-04", "commission", "held", "--brand", draft.brand_id)
    (placed,) = listed["holds"]
    assert (placed["why"], placed["until"]) == ("breach: forged", "2026-11-21T00:00:00Z")
    decide(draft, "11-05", "release", "1001")
    assert split(draft) == AS_CLOSED
    assert draft.faults() == []


@pytest.mark.parametrize("order", ["1001", "1002"])
def test_an_undone_decline_stands_where_it_stood(draft: Books, order: str) -> None:
    declined = decide(draft, "11-03", "decline", order, "--reason", "returned")["decision"]
    draft.run_jobs(at("11-05"))
    undo_it(draft, "11-06", declined)
    draft.run_jobs(at("11-06"))
    assert split(draft) == AS_CLOSED
    assert equation(draft.statement("2026-10")) == [0, 140_00, 0, 0, 0, 140_00]
    assert (draft.balance().pending_minor, draft.balance().payable_minor) == (0, 140_00)
    assert draft.faults() == []


def test_what_was_declined_and_undone_can_be_declined_again(draft: Books) -> None:
    for day in ("11-03", "11-04"):
        declined = decide(draft, f"{day} 10:00", "decline", "1001", "--reason", "returned")["decision"]
        assert split(draft) == {"held": 40_00}
        undo_it(draft, f"{day} 11:00", declined)
        assert split(draft) == AS_CLOSED
    decide(draft, "11-05", "decline", "1001", "--reason", "breach")
    assert split(draft) == {"held": 40_00}
    assert draft.faults() == []


def test_a_refund_while_it_was_declined_counts_when_that_is_undone(draft: Books) -> None:
    declined = decide(draft, "11-03", "decline", "1001", "--reason", "returned")["decision"]
    draft.refund("1001", 300_00, "11-04")
    assert draft.balance().payable_minor == 0
    undo_it(draft, "11-05", declined)
    assert split(draft) == AS_CLOSED
    assert draft.balance().payable_minor == 70_00
    statement(draft, "approve", OCTOBER.approval)
    assert paid(draft) == [70_00]
    assert draft.faults() == []


def test_a_refund_while_it_was_held_is_not_released_when_that_is_undone(draft: Books) -> None:
    held = decide(draft, "11-03", "hold", "1001", "--reason", "breach")["decision"]
    draft.refund("1001", 300_00, "11-04")
    undo_it(draft, "11-05", held)
    assert draft.balance().payable_minor == 70_00
    assert draft.balance().pending_minor == 40_00
    statement(draft, "approve", OCTOBER.approval)
    assert paid(draft) == [70_00]
    assert draft.faults() == []


def test_a_dispute_that_came_since_holds_what_an_undone_hold_would_free(draft: Books) -> None:
    held = decide(draft, "11-03", "hold", "1001", "--reason", "breach")["decision"]
    draft.dispute("1001", "opened", 1000_00, "11-04")
    undo_it(draft, "11-05", held)
    assert split(draft) == AS_CLOSED
    assert (draft.balance().pending_minor, draft.balance().payable_minor) == (140_00, 0)
    statement(draft, "approve", OCTOBER.approval)
    assert paid(draft) == []
    assert draft.faults() == []


def test_an_undone_decline_is_held_by_a_dispute_that_came_since(draft: Books) -> None:
    declined = decide(draft, "11-03", "decline", "1001", "--reason", "returned")["decision"]
    draft.dispute("1001", "opened", 1000_00, "11-04")
    undo_it(draft, "11-05", declined)
    assert (draft.balance().pending_minor, draft.balance().payable_minor) == (140_00, 0)
    assert draft.faults() == []


def test_an_undone_extension_gives_the_hold_its_former_end(draft: Books) -> None:
    decide(draft, "11-03", "hold", "1001", "--reason", "breach", "--until", "2026-11-20")
    longer = ("--note", "the bank needs longer", "--until")
    for day in ("2026-12-10", "2026-12-15"):  # undone, it can be extended again
        extended = decide(draft, "11-04", "extend", "1001", *longer, day)["decision"]
        undo_it(draft, "11-05", extended)
        (listed,) = ask(draft, "11-05", "commission", "held", "--brand", draft.brand_id)
        assert listed["holds"][0]["until"] == "2026-11-21T00:00:00Z"


def test_an_undo_is_refused_the_second_time_with_who_and_when(draft: Books) -> None:
    held = decide(draft, "11-03", "hold", "1001", "--reason", "breach")["decision"]
    undone_by = ask(draft, "11-04", "commission", "undo", held)["decision"]
    again = undo_refused(draft, "11-05", held)
    assert "was undone before, 2026-11-04 12:00 UTC by cli" in again
    assert "cannot be undone: decide again" in undo_refused(draft, "11-05", undone_by)
    assert "There is no decision dec_nothing" in undo_refused(draft, "11-05", "dec_nothing")


@pytest.mark.parametrize("what", [("hold", "--reason", "breach"), ("decline", "--reason", "breach")])
def test_approval_ends_undoing(draft: Books, what: tuple[str, ...]) -> None:
    decision = decide(draft, "11-03", what[0], "1001", *what[1:])["decision"]
    statement(draft, "approve", OCTOBER.approval)
    assert "The statement of 2026-10 is sealed" in undo_refused(draft, "11-09", decision)


def test_decisions_on_one_commission_are_undone_from_the_last_one_on(draft: Books) -> None:
    held = decide(draft, "11-03", "hold", "1001", "--reason", "breach")["decision"]
    declined = decide(draft, "11-04", "decline", "1001", "--reason", "breach")["decision"]
    assert f"undo {declined} (decline) first" in undo_refused(draft, "11-05", held)
    undo_it(draft, "11-05 10:00", declined)
    assert split(draft) == {"held": 140_00}
    undo_it(draft, "11-05 11:00", held)
    assert split(draft) == AS_CLOSED
    assert draft.faults() == []


def test_a_decision_after_the_seal_is_undone_in_the_open_period(draft: Books) -> None:
    statement(draft, "approve", OCTOBER.approval)
    proof = ("--evidence", "parcel 17")
    declined = decide(draft, "11-08 13:00", "decline", "1001", "--reason", "returned", *proof)["decision"]
    assert draft.balance().payable_minor == 0
    undo_it(draft, "11-08 14:00", declined)
    assert draft.balance().payable_minor == 100_00
    assert paid(draft) == [100_00]
    assert draft.faults() == []


def test_of_two_people_who_undo_at_once_one_is_refused(draft: Books) -> None:
    decision = draft.decide(hold, "1001", "11-03", reason="breach")
    start, results = threading.Barrier(2), []

    def worker() -> None:
        start.wait()
        try:
            draft.write(lambda s: undo(s, at("11-04"), decision, actor=PERSON))
            results.append("undone")
        except Conflict:
            results.append("refused")

    threads = [threading.Thread(target=worker) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["refused", "undone"]
    assert split(draft) == AS_CLOSED


def test_what_ended_by_itself_is_not_undone(draft: Books) -> None:
    held = draft.decide(hold, "1001", "11-03", reason="breach")
    released = draft.decide(release, "1001", "11-04")
    assert "undo" in undo_refused(draft, "11-05", held)
    undo_it(draft, "11-05", released)
    assert split(draft) == {"held": 140_00}


def test_every_kind_of_decision_is_listed_as_undone(draft: Books) -> None:
    held = draft.decide(hold, "1001", "11-03", reason="breach")
    ask(draft, "11-04", "commission", "undo", held, "--note", "the wrong line")
    draft.decide(decline, "1001", "11-05", reason="breach")
    first, second = decide(draft, "11-06", "decisions", "1001")
    assert (first["undone"]["at"], first["undone"]["note"]) == ("2026-11-04T12:00:00Z", "the wrong line")
    assert second["undone"] is None
    assert "declined before" in decide_refused(draft, "11-07", "decline", "1001", "--reason", "breach")
