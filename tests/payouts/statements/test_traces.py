"""A statement shows the reason of each manual booking and the transfer of each payment."""

import pytest
from sqlalchemy import select

from payouts.ledger.manual import book_manually
from payouts.settlement.returns import record_return
from payouts.statements.render.text import as_text
from payouts.transfers.models import Payee
from payouts.transfers.reconciliation.adoption import adopt
from payouts.transfers.sandbox.server import SANDBOX_KEY
from payouts.transfers.stripe.client import StripeRail
from tests.cast.books import Books, at
from tests.cast.months import NOVEMBER, OCTOBER, sell_and_release
from tests.payouts.statements.test_document import rows_of
from tests.payouts.test_worked_example import equation


@pytest.fixture
def paid(books: Books) -> Books:
    """October is sealed and paid."""
    sell_and_release(books, "1001", 200_00)
    books.end("2026-10", OCTOBER.closing)
    books.approve("2026-10", OCTOBER.approval)
    assert books.run(OCTOBER.payday).pay(books.brand_id).paid
    return books


def book_with_reason(books: Books, kind: str, reason: str) -> None:
    books.write(
        lambda s: book_manually(
            s,
            at("11-14"),
            brand_id=books.brand_id,
            kind=kind,
            key=kind,
            amount_minor=5_00,
            currency="EUR",
            reason=reason,
            creator_id=books.creator_id,
        )
    )


def test_manual_booking_shows_its_reason_everywhere(books: Books) -> None:
    book_with_reason(books, "bonus", "=thanks for the launch")
    book_with_reason(books, "paid_by_hand", "cash at the fair")
    document = books.close("2026-11", NOVEMBER.closing)
    (part,) = document["creators"]
    assert part["adjustments"][0]["reason"] == "=thanks for the launch"
    assert part["payments"][0]["reason"] == "cash at the fair"
    reasons = {row["kind"]: row["reasons"] for row in rows_of(document)}
    assert (reasons["bonus"], reasons["paid_by_hand"]) == ("'=thanks for the launch", "cash at the fair")
    assert "bonus 5.00 =thanks for the launch" in as_text(document)
    assert "paid by hand 5.00 cash at the fair" in as_text(document)


def test_fees_and_withheld_tax_stand_in_their_sections_of_every_format(books: Books) -> None:
    book_with_reason(books, "flat_fee", "launch video")
    book_with_reason(books, "tax_withheld", "for 2026")
    document = books.close("2026-11", NOVEMBER.closing)
    assert equation(document) == [0, 0, 0, 5_00, 5_00, 0]
    (payment,) = document["creators"][0]["payments"]
    assert (payment["what"], payment["payout"], payment["authorised_by"]) == ("tax_withheld", None, None)
    amounts = {row["kind"]: (row["adjustment"], row["payment"]) for row in rows_of(document)}
    assert (amounts["flat_fee"], amounts["tax_withheld"]) == (("5.00", ""), ("", "5.00"))
    assert "flat fee 5.00 launch video" in as_text(document)
    assert "tax withheld 5.00 for 2026" in as_text(document)


def test_adjustments_that_sum_to_nothing_are_shown(books: Books) -> None:
    book_with_reason(books, "bonus", "thanks")
    book_with_reason(books, "deduction", "booked twice")
    (part,) = books.close("2026-11", NOVEMBER.closing)["creators"]
    assert [each["amount"]["minor"] for each in part["adjustments"]] == [5_00, -5_00]


def test_csv_has_a_transfer_column(paid: Books) -> None:
    document = paid.close("2026-11", NOVEMBER.closing)
    (payment,) = [each for part in document["creators"] for each in part["payments"]]
    (row,) = [row for row in rows_of(document) if row["kind"] == "payout_confirmed"]
    assert payment["transfer"].startswith("tr_")
    assert (row["transfer"], row["order"]) == (payment["transfer"], "")


def test_an_adopted_transfer_and_a_reversal_name_their_transfer(books: Books) -> None:
    rail = StripeRail(SANDBOX_KEY, books.sandbox.url)
    account = books.write(lambda s: s.scalars(select(Payee)).one().account_ref)
    parameters = {"amount": 50_00, "currency": "eur", "destination": account, "transfer_group": "hand"}
    adopted = rail.send_transfer(parameters, "by-hand").transfer_ref
    assert adopted is not None
    found = rail.transfer(adopted)
    books.write(lambda s: adopt(s, at("09-10"), brand_id=books.brand_id, transfer=found))
    sell_and_release(books, "1001", 200_00)
    books.end("2026-10", OCTOBER.closing)
    books.approve("2026-09", OCTOBER.approval)
    books.approve("2026-10", OCTOBER.approval)
    (payout_id,) = books.run(OCTOBER.payday).pay(books.brand_id).paid
    books.write(
        lambda s: record_return(s, at("11-12"), payout_id=payout_id, reversal_ref="trr_1", amount_minor=5_00)
    )
    assert [each["transfer"] for each in books.statement("2026-09")["creators"][0]["payments"]] == [adopted]
    paid, back = books.close("2026-11", NOVEMBER.closing)["creators"][0]["payments"]
    assert (paid["reversal"], back["reversal"]) == (None, "trr_1")
    assert back["transfer"] == paid["transfer"]


def test_old_sealed_statement_without_reasons_still_renders(books: Books) -> None:
    book_with_reason(books, "bonus", "thanks")
    book_with_reason(books, "paid_by_hand", "cash")
    document = books.close("2026-11", NOVEMBER.closing)
    (part,) = document["creators"]
    for each in (*part["adjustments"], *part["payments"]):
        del each["reason"]
        each.pop("reversal", None)
    assert "bonus 5.00" in as_text(document)
    assert [row["reasons"] for row in rows_of(document) if row["kind"] == "bonus"] == [""]
