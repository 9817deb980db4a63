"""Suspicion holds the commission with the evidence; no amount changes, and a person decides."""

import pytest
from sqlalchemy import select

from config.database import read_session
from payouts.commissions.models import Hold
from payouts.explain.order import as_text
from payouts.statements.decisions.commissions import decline, release
from tests.cast.books import Books, add_creator, at
from tests.payouts.commissions.order_state import balances_of, holds, report_again
from tests.payouts.commissions.suspects import (
    MANY,
    OWN_PURCHASE,
    SOLD,
    creator_with_code,
    explain_order,
    held_queue,
    set_suspicion_setting,
    signals,
)
from tracker.sales.suspicion.rules import SETTINGS

HELD, RELEASED = (10_00, 0, 0), (0, 10_00, 0)


def test_self_purchase_is_held_and_changes_no_amount(books: Books) -> None:
    books.sale("S1", 100_00, SOLD, **OWN_PURCHASE)
    assert balances_of(books) == HELD
    assert holds(books, "S1") == ["the shopper's e-mail address is the creator's own"]
    books.run_jobs(at("11-20"))
    assert balances_of(books) == HELD
    assert books.faults() == []


def test_released_suspicious_commission_is_paid_and_not_held_again(books: Books) -> None:
    books.sale("S1", 100_00, SOLD, **OWN_PURCHASE)
    books.decide(release, "S1", "10-05", note="a gift for their mother")
    books.run_jobs(at("11-20"))
    assert balances_of(books) == RELEASED
    report_again(
        books, "S1", 100_00, SOLD, books.click(books.link_id, "10-01 11:00"), "11-21", **OWN_PURCHASE
    )
    assert (balances_of(books), held_queue(books)) == (RELEASED, [])
    (account,) = explain_order(books, "S1")
    assert "own; lifted at 2026-10-05T12:00:00Z: a gift for their mother" in as_text(account)


def test_declined_suspicious_commission_is_zero_and_not_held(books: Books) -> None:
    books.sale("S1", 100_00, SOLD, **OWN_PURCHASE)
    books.decide(decline, "S1", "10-05", reason="self_purchase")
    assert (balances_of(books), held_queue(books), books.faults()) == ((0, 0, 0), [], [])


def test_a_test_sale_is_not_held_because_it_earns_nothing(books: Books) -> None:
    books.sale("S1", 100_00, SOLD, test=True, **OWN_PURCHASE)
    with read_session(books.databases.main) as session:
        assert session.scalars(select(Hold)).all() == []


def test_repeated_message_places_one_hold(books: Books) -> None:
    token = books.click(books.link_id, "10-01 11:00")
    books.sale("S1", 100_00, SOLD, click=token, **OWN_PURCHASE)
    report_again(books, "S1", 100_00, SOLD, token, "10-02", **OWN_PURCHASE)
    with read_session(books.databases.main) as session:
        assert len(session.scalars(select(Hold)).all()) == 1


def test_new_evidence_for_another_creator_is_checked_again(books: Books) -> None:
    bob = add_creator(books, "bob", connected=False)
    books.sale("S1", 100_00, SOLD, click=books.click(books.link_id, "10-01 10:00"), **OWN_PURCHASE)
    report_again(books, "S1", 100_00, SOLD, books.click(bob.link_id, "10-01 11:00"), "10-03", **OWN_PURCHASE)
    assert held_queue(books) == []
    books.run_jobs(at("11-20"))
    assert books.balance(bob.creator_id).payable_minor == 10_00


def test_release_also_applies_to_the_next_commission_of_the_same_creator(books: Books) -> None:
    bob = add_creator(books, "bob", connected=False)
    books.sale("S1", 100_00, SOLD, click=books.click(books.link_id, "10-01 09:00"), **OWN_PURCHASE)
    books.decide(release, "S1", "10-02")
    for hour, link_id in (("10", bob.link_id), ("11", books.link_id)):
        token = books.click(link_id, f"10-01 {hour}:00")
        report_again(books, "S1", 100_00, SOLD, token, f"10-03 {hour}:00", **OWN_PURCHASE)
    assert (books.commission("S1").revision, held_queue(books)) == (3, [])


def test_open_suspicion_hold_moves_to_the_next_commission(books: Books) -> None:
    bob = add_creator(books, "bob", connected=False)
    books.sale("S1", 100_00, SOLD, click=books.click(books.link_id, "10-01 09:00"), **OWN_PURCHASE)
    for hour, link_id in (("10", bob.link_id), ("11", books.link_id)):
        report_again(
            books,
            "S1",
            100_00,
            SOLD,
            books.click(link_id, f"10-01 {hour}:00"),
            f"10-03 {hour}:00",
            **OWN_PURCHASE,
        )
    assert signals(books) == [("S1", ["self_purchase"])]


def test_a_code_without_a_click_is_held_when_its_owner_has_links(books: Books) -> None:
    bob = creator_with_code(books, linked=True)
    books.sale("S1", 100_00, SOLD, click=None, coupons=["BOB10"])
    assert holds(books, "S1") == [
        "the code BOB10 was used, and no click on its creator's links came with the sale"
    ]
    report_again(books, "S1", 100_00, SOLD, books.click(bob.link_id, "10-01 11:00"), "10-03")
    assert held_queue(books) == [], "the missing click was reported"
    books.run_jobs(at("11-20"))
    assert books.balance(bob.creator_id).payable_minor == 10_00


@pytest.mark.parametrize(
    ("linked", "setting", "is_held"),
    [(False, "if_linked", False), (False, "hold", True), (True, "off", False), (True, "hold", True)],
)
def test_brand_setting_for_codes_without_clicks(
    books: Books, linked: bool, setting: str, is_held: bool
) -> None:
    creator_with_code(books, linked=linked)
    set_suspicion_setting(books, "coupon_without_click", setting)
    books.sale("S1", 100_00, SOLD, click=None, coupons=["BOB10"])
    assert bool(held_queue(books)) == is_held


def test_a_click_after_the_checkout_began_is_held_with_both_times(books: Books) -> None:
    token = books.click(books.link_id, "10-01 11:56")
    started = at("10-01 11:50").isoformat()
    books.sale("S1", 100_00, SOLD, click=token, checkout_started_at=started)
    ((reason,), (each,)) = holds(books, "S1"), held_queue(books)
    assert reason == "the click came 6 minutes after the checkout had begun"
    assert (each.holds[0].evidence or {})["checkout_started_at"] == "2026-10-01T11:50:00Z"


def test_checkout_start_may_be_reported_later(books: Books) -> None:
    """The earliest reported time counts; another click makes the sale be checked again."""
    books.sale("S1", 100_00, SOLD, click=books.click(books.link_id, "10-01 11:56"))
    for hour, started in (("13", "11:55"), ("14", "11:40"), ("15", "11:58")):
        token = books.click(books.link_id, "10-01 11:56")
        at_that_time = at(f"10-01 {started}").isoformat()
        report_again(books, "S1", 100_00, SOLD, token, f"10-02 {hour}:00", checkout_started_at=at_that_time)
    (account,) = explain_order(books, "S1")
    assert "16 minutes after the checkout had begun" in as_text(account)


def test_a_signal_that_is_off_holds_nothing(books: Books) -> None:
    creator_with_code(books, linked=True)
    for signal in SETTINGS:
        set_suspicion_setting(books, signal, "off")
    token = books.click(books.link_id, "10-01 12:04")
    for order in range(MANY):
        books.sale(f"S{order}", 100_00, SOLD, click=token, **OWN_PURCHASE)
    books.sale("T1", 100_00, SOLD, click=None, coupons=["BOB10"])
    assert held_queue(books) == []
    assert books.balance().pending_minor == MANY * 10_00


def test_all_matching_signals_are_listed(books: Books) -> None:
    set_suspicion_setting(books, "many_sales", "2")
    token = books.click(books.link_id, "10-01 12:04")
    for order in ("S1", "S2"):
        books.sale(order, 100_00, SOLD, click=token, **OWN_PURCHASE)
    found = sorted((order, sorted(map(str, names))) for order, names in signals(books))
    assert found == [(order, ["late_click", "many_sales", "self_purchase"]) for order in ("S1", "S2")]
    books.decide(release, "S1", "10-02")
    assert [order for order, _names in signals(books)] == ["S2"]
