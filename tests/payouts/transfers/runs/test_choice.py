"""What is paid of October on 9 November, by the examples of docs/money.md 9 and what happened before it.

October is sealed on 8 November; the minimum is 50.00. The payouts are made by the commands.
"""

from typing import Any

import pytest

from payouts.statements.decisions.commissions import decline
from tests.cast.books import Books, at
from tests.cast.months import (
    NOVEMBER,
    OCTOBER,
    add_booking,
    later,
    only_payout,
    payouts_of,
    seal,
    sell_and_release,
)
from tests.payouts.transfers.runs.provider import assert_paid_once, at_terminal
from tests.payouts.transfers.runs.test_amounts import close_and_pay

SEALED_ON = "11-08 00:00"


def pay(books: Books, when: str = OCTOBER.payday) -> list[int]:
    """Run the payouts of the brand twice by the command. Returns the amounts that the first run paid."""
    with at_terminal(books, when) as terminal:
        first, again = (terminal.ask("payout", "run", "--brand", books.brand_id) for _ in range(2))
    assert again["paid"] == []
    assert books.faults(later(when, hours=1)) == []
    return [each["amount"]["minor"] for each in first["paid"]]


def sell(books: Books, *amounts: int) -> None:
    """Commissions of these amounts, in cents, on orders S1, S2 …, released on the last of October."""
    for number, amount in enumerate(amounts, start=1):
        sell_and_release(books, f"S{number}", amount)


def test_what_was_disputed_and_won_after_the_seal_is_paid(books: Books) -> None:
    sell(books, 80_00)
    seal(books, OCTOBER)
    books.dispute("S1", "opened", 800_00, "11-08 09:00")
    books.dispute("S1", "won", 800_00, "11-08 15:00")
    books.run_jobs(at("11-08 16:00"))
    assert pay(books) == [80_00]


def test_what_was_disputed_won_and_refunded_in_part_is_paid_less_the_refund(books: Books) -> None:
    sell(books, 100_00, 80_00)
    seal(books, OCTOBER)
    books.dispute("S1", "opened", 1000_00, "11-08 09:00")
    books.dispute("S1", "won", 1000_00, "11-08 12:00")
    books.run_jobs(at("11-08 13:00"))
    books.refund("S1", 200_00, "11-08 15:00")
    assert pay(books) == [160_00]


def test_a_deduction_after_the_seal_is_of_november_and_lowers_its_payout(books: Books) -> None:
    sell(books, 100_00)
    seal(books, OCTOBER)
    add_booking(books, 60_00, later(OCTOBER.approval, hours=1), kind="deduction")
    assert pay(books) == [100_00]
    assert books.balance().payable_minor == -60_00
    add_booking(books, 150_00, "11-20")
    seal(books, NOVEMBER)
    assert pay(books, NOVEMBER.payday) == [90_00]


def test_a_refund_of_october_that_is_told_in_november_lowers_the_payout(books: Books) -> None:
    sell(books, 180_00)
    books.end("2026-10", OCTOBER.closing)
    data = {"order_id": "S1", "refund_id": "r", "occurred_at": at("10-28").isoformat()}
    books.report("refund.created", data | {"currency": "EUR", "amount": 400_00}, "r", at("11-03"))
    books.approve("2026-10", OCTOBER.approval)
    assert pay(books) == [140_00]


def test_what_was_released_in_november_and_disputed_does_not_touch_the_payout(books: Books) -> None:
    sell(books, 80_00)
    books.sale("S2", 1000_00, "10-04 01:00")
    books.end("2026-10", OCTOBER.closing)
    books.run_jobs(at("11-03 02:00"))
    books.dispute("S2", "opened", 1000_00, "11-05")
    books.approve("2026-10", OCTOBER.approval)
    assert pay(books) == [80_00]


def test_nothing_of_a_line_that_is_disputed_on_payday_is_paid(books: Books) -> None:
    sell(books, 100_00, 80_00)
    seal(books, OCTOBER)
    books.dispute("S1", "opened", 1000_00, "11-08 09:00")
    assert pay(books) == [80_00]
    assert (books.balance().pending_minor, books.balance().payable_minor) == (100_00, 0)


def test_a_payment_by_hand_after_the_seal_counts_at_once(books: Books) -> None:
    sell(books, 100_00)
    seal(books, OCTOBER)
    add_booking(books, 40_00, "11-08 15:00", kind="paid_by_hand")
    assert pay(books) == [60_00]


def test_entries_that_sum_to_0_are_settled_without_a_transfer(books: Books) -> None:
    sell(books, 80_00)
    seal(books, OCTOBER)
    books.refund("S1", 800_00, "11-08 15:00")
    with at_terminal(books, OCTOBER.payday) as terminal:
        (plan,) = terminal.ask("payout", "preview", "--brand", books.brand_id)
        report = terminal.ask("payout", "run", "--brand", books.brand_id)
        shown = terminal.run("payout", "list", "--brand", books.brand_id).output
    payout = only_payout(books)
    assert (plan["settled_without_transfer"], plan["reason"]) == (True, None)
    assert ([each["id"] for each in report["settled"]], report["paid"]) == ([payout.id], [])
    assert (payout.state, payout.amount_minor, payout.transfer_ref) == ("settled", 0, None)
    assert f"{payout.id} 0.00 EUR to {books.creator_id}: settled" in shown
    assert pay(books) == []
    assert [each.state for each in payouts_of(books)] == ["settled"]
    add_booking(books, 60_00, "11-20")
    seal(books, NOVEMBER)
    assert pay(books, NOVEMBER.payday) == [60_00]
    assert_paid_once(books)


def test_settling_needs_no_account_at_the_rail_and_no_currency_of_it(books: Books) -> None:
    """The rail has no LYD, so 10.000 of it waits; with the deduction nothing is left to send."""
    add_booking(books, 10_000, "10-20", currency="LYD")
    books.end("2026-10", OCTOBER.closing)
    books.approve("2026-10", OCTOBER.approval, "LYD")
    with at_terminal(books, OCTOBER.payday) as terminal:
        skipped = terminal.ask("payout", "run", "--brand", books.brand_id)["reasons"]
        assert skipped[books.creator_id]["reason_code"] == "currency_not_sendable"
    add_booking(books, 10_000, "11-20", currency="LYD", kind="deduction")
    books.end("2026-11", NOVEMBER.closing)
    books.approve("2026-11", NOVEMBER.approval, "LYD")
    assert pay(books, NOVEMBER.payday) == []
    assert only_payout(books).state == "settled"


def test_old_money_that_was_refunded_does_not_waive_the_minimum_of_new_money(books: Books) -> None:
    """10.00 earned and refunded whole a year ago; 3.00 earned now."""
    sell(books, 10_00)
    assert close_and_pay(books, OCTOBER).skipped
    books.refund("S1", 100_00, "11-15")
    books.end("2027-10", "2027-11-01T00:05:00")
    add_booking(books, 3_00, "2027-11-20T12:00:00")
    books.end("2027-11", "2027-12-01T00:05:00")
    for name in ["2026-11", "2026-12", *(f"2027-{number:02}" for number in range(1, 12))]:
        books.approve(name, "2027-12-08T12:00:00", "EUR")
    with at_terminal(books, "2027-12-09T12:00:00") as terminal:
        report = terminal.ask("payout", "run", "--brand", books.brand_id)
    assert report["paid"] == []
    assert report["reasons"][books.creator_id]["reason_code"] == "below_minimum"
    assert "3.00 EUR is below" in report["skipped"][books.creator_id]


@pytest.mark.parametrize(
    ("when", "code"),
    [("2027-10-20T11:59:00", "creator_owes"), ("2027-10-20T12:00:00", "creator_owes_long")],
)
def test_preview_names_the_write_off_of_a_debt_that_is_a_year_old(books: Books, when: str, code: str) -> None:
    add_booking(books, 30_00, "10-20", kind="deduction")
    seal(books, OCTOBER)
    with at_terminal(books, when) as terminal:
        (plan,) = terminal.ask("payout", "preview", "--brand", books.brand_id)
    assert plan["reason_code"] == code
    assert "owes 30.00 EUR" in plan["reason"]
    assert ("linkledger ledger book write_off" in plan["reason"]) == (code == "creator_owes_long")


def test_a_decline_of_one_line_takes_nothing_of_another(books: Books) -> None:
    sell(books, 100_00, 80_00)
    seal(books, OCTOBER)
    books.decide(decline, "S1", "11-08 15:00", reason="returned", evidence="parcel 17")
    assert pay(books) == [80_00]


def test_a_prepared_payout_is_chosen_anew_and_cancelled_when_nothing_is_left(books: Books) -> None:
    sell(books, 80_00)
    seal(books, OCTOBER)
    books.sandbox.control.top_up("EUR", -10_000_000)
    assert books.run(OCTOBER.payday).pay(books.brand_id).waiting
    books.refund("S1", 800_00, "11-10")
    books.sandbox.control.top_up("EUR", 10_000_000)
    assert books.run("11-11").send_prepared(books.brand_id).paid == []
    payout: Any = only_payout(books)
    assert (payout.state, payout.reason_code) == ("cancelled", "nothing_left")
    assert books.balance().total_minor == 0
    assert books.faults("11-12") == []
