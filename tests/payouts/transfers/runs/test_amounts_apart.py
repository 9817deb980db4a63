"""A payout contains amounts of one brand, creator and currency, and does not depend on others."""

import pytest
from sqlalchemy import select

from config.database import read_session
from payouts.settlement.models import Payout
from payouts.transfers.models import Payee
from tests.cast.books import Books, add_brand, add_creator, at
from tests.cast.months import (
    DECEMBER,
    NOVEMBER,
    OCTOBER,
    add_booking,
    only_payout,
    payouts_of,
    return_payouts,
    seal,
    sell_and_release,
)
from tests.harness.databases.snapshots import POSTGRESQL_NIGHTLY
from tests.payouts.transfers.runs.test_adoption import adopt_transfer, manual_transfer, reverse
from tests.payouts.transfers.runs.test_amounts import close_and_pay, end_enrollment, lower_minimum
from tracker.errors import NotFound

pytestmark = POSTGRESQL_NIGHTLY


def another_brand(books: Books, currency: str = "EUR") -> Books:
    """Another brand with the same creator. The rail account belongs to the first brand."""
    return add_brand(books, currency=currency, since="09-02")


def amounts(payouts: list[Payout]) -> list[tuple[str, int, int]]:
    return [(each.currency, each.amount_minor, each.carried_minor) for each in payouts]


def test_an_amount_payable_after_the_period_waits_for_the_next_statement(books: Books) -> None:
    add_booking(books, 80_00, "10-20")
    books.end("2026-10", OCTOBER.closing)
    add_booking(books, 60_00, "11-05")
    books.approve("2026-10", OCTOBER.approval)
    assert books.run(OCTOBER.payday).pay(books.brand_id).paid
    assert close_and_pay(books, NOVEMBER).paid
    assert amounts(payouts_of(books)) == [("EUR", 80_00, 0), ("EUR", 60_00, 0)]


def test_a_remainder_is_carried_to_the_same_brand_creator_and_currency(books: Books) -> None:
    for currency in ("HUF", "BHD"):
        books.sandbox.control.top_up(currency, 1_000_000_000)
    mugs, bert = another_brand(books), add_creator(books, "bert")
    for each in (books, mugs):
        lower_minimum(each, "10-01", 1, "HUF")
    add_booking(books, 510_060, "10-20", currency="HUF")
    books.end("2026-10", OCTOBER.closing)
    books.approve("2026-10", OCTOBER.approval, "HUF")
    assert books.run(OCTOBER.payday).pay(books.brand_id).paid
    add_booking(books, 60_127, "11-20", currency="BHD")
    for each in (bert, mugs):
        add_booking(each, 520_050, "11-20", currency="HUF")
    for each in (books, mugs):
        each.end("2026-11", NOVEMBER.closing)
        each.approve("2026-11", NOVEMBER.approval, "HUF")
    books.approve("2026-11", NOVEMBER.approval, "BHD")
    for each in (books, mugs):
        each.run(NOVEMBER.payday).pay(each.brand_id)
    assert amounts(payouts_of(books)) == [("HUF", 510_000, 60), ("BHD", 60_120, 7), ("HUF", 520_000, 50)]
    assert amounts(payouts_of(mugs)) == [("HUF", 520_000, 50)]


def test_brand_minimum_does_not_apply_to_other_currencies(books: Books) -> None:
    """The minimum of 50.00 EUR says nothing about yen: the product's 8,000 JPY count."""
    books.sandbox.control.top_up("JPY", 10_000)
    bert = add_creator(books, "bert")
    add_booking(books, 8_000, "10-20", currency="JPY")
    add_booking(bert, 7_999, "10-20", currency="JPY")
    books.end("2026-10", OCTOBER.closing)
    books.approve("2026-10", OCTOBER.approval, "JPY")
    report = books.run(OCTOBER.payday).pay(books.brand_id)
    assert (len(report.paid), list(report.skipped)) == (1, [bert.creator_id])


def test_minimum_is_waived_only_for_the_creator_who_left_the_brand(
    books: Books,
) -> None:
    another_brand(books)
    bert = add_creator(books, "bert")
    for each in (books, bert):
        add_booking(each, 1_00, "10-20")
    end_enrollment(books)
    report = close_and_pay(books, OCTOBER)
    assert (len(report.paid), list(report.skipped)) == (1, [bert.creator_id])


def test_reversed_payout_is_paid_again_despite_a_hold_on_another_payout(books: Books) -> None:
    books.sale("1001", 1000_00, "10-01 01:00")
    books.sale("1002", 1000_00, "10-05")
    for month in (OCTOBER, NOVEMBER):
        assert close_and_pay(books, month).paid
    books.dispute("1002", "opened", 1000_00, "12-10")
    return_payouts(books, [payouts_of(books)[0].id], "12-11")
    assert close_and_pay(books, DECEMBER).paid
    assert amounts(payouts_of(books))[2:] == [("EUR", 100_00, 0)]


def test_hold_is_reapplied_although_another_payout_was_not_reversed(books: Books) -> None:
    bert = add_creator(books, "bert")
    for each, order in ((books, "1001"), (bert, "1002")):
        sell_and_release(each, order, 100_00)
    assert len(close_and_pay(books, OCTOBER).paid) == 2
    books.dispute("1001", "opened", 1000_00, "11-20")
    return_payouts(books, [only_payout(books).id], "11-21")
    books.run_jobs(at("11-22"))
    assert (books.balance().pending_minor, books.balance().payable_minor) == (100_00, 0)


def test_on_a_shared_account_a_deposit_is_used_only_by_its_brand_and_currency(books: Books) -> None:
    mugs = another_brand(books)
    books.sandbox.control.top_up("JPY", 9_000)
    for each, currency, amount in ((books, "EUR", 80_00), (books, "JPY", 9_000), (mugs, "EUR", 80_00)):
        add_booking(each, amount, "10-20", currency=currency)
        add_booking(each, amount, "10-21", currency=currency, kind="deposit")
    for each in (books, mugs):
        seal(each, OCTOBER)
    books.approve("2026-10", OCTOBER.approval, "JPY")
    books.sandbox.control.queue_fault("drop_after")
    report = books.run(OCTOBER.payday, rail_shared=True).pay(books.brand_id)
    assert (len(report.unknown), len(report.paid)) == (1, 1)
    assert mugs.run(OCTOBER.payday, rail_shared=True).pay(mugs.brand_id).paid


def test_the_balance_of_one_currency_is_not_used_for_another(books: Books) -> None:
    add_booking(books, 80_00, "10-20")
    add_booking(books, 9_000, "10-20", currency="JPY")
    seal(books, OCTOBER)
    books.approve("2026-10", OCTOBER.approval, "JPY")
    report = books.run(OCTOBER.payday).pay(books.brand_id)
    assert (len(report.paid), len(report.waiting), report.failed) == (1, 1, [])


def account_of(books: Books) -> str:
    with read_session(books.databases.main) as session:
        own = Payee.brand_id == books.brand_id, Payee.creator_id == books.creator_id
        return session.scalars(select(Payee.account_ref).where(*own)).one()


def test_an_adopted_transfer_is_booked_for_the_creator_who_received_it(books: Books) -> None:
    bert = add_creator(books, "bert")
    transfer = manual_transfer(books, account_of(bert), 50_00)
    with pytest.raises(NotFound):
        adopt_transfer(another_brand(books), transfer)
    adopt_transfer(books, transfer)
    assert (books.balance().payable_minor, bert.balance().payable_minor) == (0, -50_00)


def test_each_of_two_adopted_transfers_can_be_reversed_completely(books: Books) -> None:
    for amount in (50_00, 30_00):
        transfer = manual_transfer(books, account_of(books), amount, f"by hand {amount}")
        adopt_transfer(books, transfer)
        reverse(books, transfer, amount, f"back {amount}")
        assert adopt_transfer(books, transfer)
        assert books.balance().payable_minor == 0
