"""A bonus and a deduction on a draft belong to its period, and can be undone until it is approved."""

import pytest

from tests.cast.books import Books
from tests.cast.months import OCTOBER
from tests.harness.databases.snapshots import database_seed_for
from tests.payouts.statements.october import DRAFT, ask, paid, refused, split, statement
from tests.payouts.test_worked_example import equation

database_seed = database_seed_for(draft=DRAFT)


@pytest.fixture
def draft(books: Books) -> Books:
    return books


def options(books: Books, amount: int, reason: str = "as agreed") -> tuple[str, ...]:
    return ("--creator", books.creator_id, "--amount-minor", str(amount), "--reason", reason)


def adjustment_refused(books: Books, what: str, *details: str) -> str:
    own = ("--brand", books.brand_id, "--period", "2026-10")
    return refused(books, "11-03", "statement", what, *own, *details)


def test_a_bonus_on_the_draft_is_paid_with_its_statement(draft: Books) -> None:
    statement(draft, "bonus", "11-03", *options(draft, 25_00))
    shown = draft.statement("2026-10")
    assert equation(shown) == [0, 140_00, 0, 25_00, 0, 165_00]
    (adjustment,) = shown["creators"][0]["adjustments"]
    assert (adjustment["what"], adjustment["reason"]) == ("bonus", "as agreed")
    statement(draft, "approve", OCTOBER.approval)
    assert paid(draft) == [125_00]
    assert draft.faults() == []


def test_a_deduction_on_the_draft_lowers_its_payout(draft: Books) -> None:
    statement(draft, "deduction", "11-03", *options(draft, 40_00))
    assert equation(draft.statement("2026-10")) == [0, 140_00, 0, -40_00, 0, 100_00]
    statement(draft, "approve", OCTOBER.approval)
    assert paid(draft) == [60_00]
    assert draft.faults() == []


def test_a_deduction_is_at_most_what_is_payable_in_the_draft(draft: Books) -> None:
    refusal = adjustment_refused(draft, "deduction", *options(draft, 100_01))
    assert "100.00 EUR is payable" in refusal
    assert "linkledger ledger book deduction" in refusal
    statement(draft, "deduction", "11-03", *options(draft, 100_00))
    assert split(draft) == {"held": 40_00}
    assert "0.00 EUR is payable" in adjustment_refused(draft, "deduction", *options(draft, 1))


@pytest.mark.parametrize("what", ["bonus", "deduction"])
def test_an_adjustment_is_undone_by_its_opposite_in_the_same_period(draft: Books, what: str) -> None:
    decision = statement(draft, what, "11-03", *options(draft, 25_00))["decision"]
    ask(draft, "11-04", "commission", "undo", decision)
    shown = draft.statement("2026-10")
    assert equation(shown) == [0, 140_00, 0, 0, 0, 140_00]
    (part,) = shown["creators"]
    assert [each["reason"] for each in part["adjustments"]] == ["as agreed", "undone: as agreed"]
    (listed,) = statement(draft, "decisions", "11-05")
    assert (listed["kind"], listed["amount"]["minor"], listed["creator"]) == (what, 25_00, draft.creator_id)
    assert listed["undone"]["at"] == "2026-11-04T12:00:00Z"
    assert "was undone before" in refused(draft, "11-05", "commission", "undo", decision)
    assert draft.faults() == []


def test_an_approved_statement_takes_no_adjustment_and_no_undo(draft: Books) -> None:
    decision = statement(draft, "bonus", "11-03", *options(draft, 25_00))["decision"]
    statement(draft, "approve", OCTOBER.approval)
    for what in ("bonus", "deduction"):
        assert "is sealed: no decision changes it" in adjustment_refused(draft, what, *options(draft, 1_00))
    assert "cannot be undone" in refused(draft, "11-09", "commission", "undo", decision)


@pytest.mark.parametrize("amount", [0, -5, 10**16])
def test_an_amount_that_cannot_be_booked_is_refused(draft: Books, amount: int) -> None:
    assert "The amount must be" in adjustment_refused(draft, "bonus", *options(draft, amount))


def test_an_adjustment_needs_a_reason_and_a_known_creator(draft: Books) -> None:
    assert "Give a reason" in adjustment_refused(draft, "bonus", *options(draft, 1_00, " "))
    unknown = ("--creator", "cre_nobody", "--amount-minor", "100", "--reason", "x")
    assert "cre_nobody" in adjustment_refused(draft, "bonus", *unknown)
