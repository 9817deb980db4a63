"""What a sealed statement released can be declined for 180 days, with evidence and a clear reason."""

from typing import Any

import pytest

from payouts.statements.decisions.commissions import hold, release
from tests.cast.books import Books, at
from tests.cast.months import DEFAULT_SEED, NOVEMBER, OCTOBER
from tests.harness.databases.snapshots import database_seed_for
from tests.payouts.statements.october import DRAFT, decide, decide_refused, split, statement

database_seed = database_seed_for(draft=DRAFT, books=DEFAULT_SEED)

PROOF = ("--evidence", "the parcel came back")


@pytest.fixture
def draft(books: Books) -> Books:
    return books


def seal_october(books: Books) -> None:
    statement(books, "approve", OCTOBER.approval)


@pytest.mark.parametrize(
    "options",
    [
        ("--reason", "returned"),
        ("--reason", "returned", "--evidence", " "),
        ("--reason", "other", "--note", "we changed our mind", *PROOF),
    ],
)
def test_a_sealed_release_is_declined_only_with_evidence_and_a_clear_reason(
    draft: Books, options: tuple[str, ...]
) -> None:
    seal_october(draft)
    refusal = decide_refused(draft, "11-20", "decline", "1001", *options)
    assert "The sealed statement of 2026-10 released" in refusal
    assert "until 2027-05-07" in refusal
    decide(draft, "11-20", "decline", "1001", "--reason", "returned", *PROOF)
    assert draft.balance().payable_minor == 0


@pytest.mark.parametrize(("when", "refused"), [("2027-05-06T23:59:59", False), ("2027-05-07T00:00:00", True)])
def test_it_can_be_declined_until_180_days_after_the_seal(draft: Books, when: str, refused: bool) -> None:
    seal_october(draft)
    options: Any = ("decline", "1001", "--reason", "breach", *PROOF)
    if not refused:
        assert decide(draft, when, *options)["declined"]
        return
    assert "could be declined until 2027-05-07 00:00 UTC, 180 days after the seal" in decide_refused(
        draft, when, *options
    )


def test_nineteen_months_later_it_is_too_late(draft: Books) -> None:
    seal_october(draft)
    reason = ("--reason", "other", "--note", "we changed our mind")
    assert "could be declined until" in decide_refused(
        draft, "2028-06-08T12:00:00", "decline", "1001", *reason
    )


def test_what_no_sealed_statement_released_is_declined_as_before(draft: Books) -> None:
    seal_october(draft)
    reason = ("--reason", "other", "--note", "a test order")
    decide(draft, "2028-06-08T12:00:00", "decline", "1002", *reason)
    assert draft.balance().payable_minor == 100_00


def test_what_a_draft_released_is_declined_as_before(draft: Books) -> None:
    decide(draft, "11-03", "decline", "1001", "--reason", "other", "--note", "a test order")
    assert split(draft) == {"held": 40_00}


def test_what_a_sealed_statement_holds_again_is_declined_as_before(draft: Books) -> None:
    """October, sealed, released it and held it again; November's draft releases it."""
    draft.decide(hold, "1001", "11-02", reason="under_review")
    seal_october(draft)
    draft.decide(release, "1001", "11-20")
    draft.run_jobs(at("11-20 13:00"))
    draft.end("2026-11", NOVEMBER.closing)
    decide(draft, "12-03", "decline", "1001", "--reason", "other", "--note", "a test order")
    assert split(draft, "2026-11") == {"below_minimum": 40_00}


def test_what_a_later_sealed_statement_holds_again_is_declined_as_before(draft: Books) -> None:
    seal_october(draft)
    draft.decide(hold, "1001", "11-20", reason="under_review")
    draft.end("2026-11", NOVEMBER.closing)
    statement(draft, "approve", NOVEMBER.approval, period="2026-11")
    decide(draft, "12-20", "decline", "1001", "--reason", "other", "--note", "a test order")
    assert draft.balance().payable_minor == 40_00
