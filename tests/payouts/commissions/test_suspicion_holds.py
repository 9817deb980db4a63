"""Suspicion: the commission is held with the evidence, no sum changes, and a person decides."""

import pytest
from sqlalchemy import select

from config.database import read_session
from payouts.commissions.models import Hold
from payouts.explain.order import as_text
from payouts.statements.decisions import decline, release
from tests.payouts.cast import Books, at
from tests.payouts.commissions.people import (
    balance_of,
    click,
    decide,
    holds,
    one_more,
    standing,
    told_again,
)
from tests.payouts.commissions.suspects import MANY, OWN, SOLD, by_code, explained, found, signals, wants
from tracker.sales.suspicion.rules import SETTINGS

HELD, RELEASED = (10_00, 0, 0), (0, 10_00, 0)


def test_a_creator_who_buys_by_his_own_link_is_held_and_nothing_else_changes(books: Books) -> None:
    books.sale("S1", 100_00, SOLD, **OWN)
    assert standing(books) == HELD
    assert holds(books, "S1") == ["the shopper's e-mail address is the creator's own"]
    books.settle(at("11-20"))
    assert standing(books) == HELD
    assert books.faults() == []


def test_what_a_person_released_is_paid_and_stays_released(books: Books) -> None:
    books.sale("S1", 100_00, SOLD, **OWN)
    decide(books, release, "S1", "10-05", note="a gift for his mother")
    books.settle(at("11-20"))
    assert standing(books) == RELEASED
    told_again(books, "S1", 100_00, SOLD, click(books, books.link_id, "10-01 11:00"), "11-21", **OWN)
    assert (standing(books), found(books)) == (RELEASED, [])
    (account,) = explained(books, "S1")
    assert "own; lifted at 2026-10-05T12:00:00Z: a gift for his mother" in as_text(account)


def test_what_a_person_declined_is_worth_nothing_and_not_held_any_more(books: Books) -> None:
    books.sale("S1", 100_00, SOLD, **OWN)
    decide(books, decline, "S1", "10-05", reason="self_purchase")
    assert (standing(books), found(books), books.faults()) == ((0, 0, 0), [], [])


def test_a_test_sale_is_not_held_because_it_earns_nothing(books: Books) -> None:
    books.sale("S1", 100_00, SOLD, test=True, **OWN)
    with read_session(books.databases.main) as session:
        assert session.scalars(select(Hold)).all() == []


def test_a_message_that_comes_again_holds_once(books: Books) -> None:
    token = click(books, books.link_id, "10-01 11:00")
    books.sale("S1", 100_00, SOLD, click=token, **OWN)
    told_again(books, "S1", 100_00, SOLD, token, "10-02", **OWN)
    with read_session(books.databases.main) as session:
        assert len(session.scalars(select(Hold)).all()) == 1


def test_new_evidence_for_another_creator_is_looked_at_anew(books: Books) -> None:
    bob = one_more(books, "bob")
    books.sale("S1", 100_00, SOLD, click=click(books, books.link_id, "10-01 10:00"), **OWN)
    told_again(books, "S1", 100_00, SOLD, click(books, bob.link_id, "10-01 11:00"), "10-03", **OWN)
    assert found(books) == []
    books.settle(at("11-20"))
    assert balance_of(books, bob.creator_id).payable_minor == 10_00


def test_a_release_holds_for_the_same_creators_next_commission_too(books: Books) -> None:
    bob = one_more(books, "bob")
    books.sale("S1", 100_00, SOLD, click=click(books, books.link_id, "10-01 09:00"), **OWN)
    decide(books, release, "S1", "10-02")
    for hour, link_id in (("10", bob.link_id), ("11", books.link_id)):
        token = click(books, link_id, f"10-01 {hour}:00")
        told_again(books, "S1", 100_00, SOLD, token, f"10-03 {hour}:00", **OWN)
    assert (books.commission("S1").revision, found(books)) == (3, [])


def test_undecided_suspicion_follows_the_sale_to_its_next_commission(books: Books) -> None:
    bob = one_more(books, "bob")
    books.sale("S1", 100_00, SOLD, click=click(books, books.link_id, "10-01 09:00"), **OWN)
    for hour, link_id in (("10", bob.link_id), ("11", books.link_id)):
        told_again(
            books, "S1", 100_00, SOLD, click(books, link_id, f"10-01 {hour}:00"), f"10-03 {hour}:00", **OWN
        )
    assert signals(books) == [("S1", ["self_purchase"])]


def test_a_code_without_a_click_is_held_when_its_owner_has_links(books: Books) -> None:
    bob = by_code(books, linked=True)
    books.sale("S1", 100_00, SOLD, click=None, coupons=["BOB10"])
    assert holds(books, "S1") == [
        "the code BOB10 was used, and no click on its creator's links came with the sale"
    ]
    told_again(books, "S1", 100_00, SOLD, click(books, bob.link_id, "10-01 11:00"), "10-03")
    assert found(books) == [], "the click that was missing came"
    books.settle(at("11-20"))
    assert balance_of(books, bob.creator_id).payable_minor == 10_00


@pytest.mark.parametrize(
    ("linked", "setting", "is_held"),
    [(False, "if_linked", False), (False, "hold", True), (True, "off", False), (True, "hold", True)],
)
def test_a_brand_says_whether_codes_need_clicks(
    books: Books, linked: bool, setting: str, is_held: bool
) -> None:
    by_code(books, linked=linked)
    wants(books, "coupon_without_click", setting)
    books.sale("S1", 100_00, SOLD, click=None, coupons=["BOB10"])
    assert bool(found(books)) == is_held


def test_a_click_after_the_checkout_began_is_held_with_both_times(books: Books) -> None:
    token = click(books, books.link_id, "10-01 11:56")
    started = at("10-01 11:50").isoformat()
    books.sale("S1", 100_00, SOLD, click=token, checkout_started_at=started)
    ((reason,), (each,)) = holds(books, "S1"), found(books)
    assert reason == "the click came 6 minutes after the checkout had begun"
    assert (each.holds[0].evidence or {})["checkout_started_at"] == "2026-10-01T11:50:00Z"


def test_the_start_of_a_checkout_may_be_told_later(books: Books) -> None:
    """The earliest that is told counts; a further click makes the sale be looked at again."""
    books.sale("S1", 100_00, SOLD, click=click(books, books.link_id, "10-01 11:56"))
    for hour, started in (("13", "11:55"), ("14", "11:40"), ("15", "11:58")):
        token = click(books, books.link_id, "10-01 11:56")
        at_that_time = at(f"10-01 {started}").isoformat()
        told_again(books, "S1", 100_00, SOLD, token, f"10-02 {hour}:00", checkout_started_at=at_that_time)
    (account,) = explained(books, "S1")
    assert "16 minutes after the checkout had begun" in as_text(account)


def test_a_signal_that_is_off_holds_nothing(books: Books) -> None:
    by_code(books, linked=True)
    for signal in SETTINGS:
        wants(books, signal, "off")
    token = click(books, books.link_id, "10-01 12:04")
    for order in range(MANY):
        books.sale(f"S{order}", 100_00, SOLD, click=token, **OWN)
    books.sale("T1", 100_00, SOLD, click=None, coupons=["BOB10"])
    assert found(books) == []
    assert books.balance().pending_minor == MANY * 10_00


def test_all_signals_at_once_are_all_told(books: Books) -> None:
    wants(books, "many_sales", "2")
    token = click(books, books.link_id, "10-01 12:04")
    for order in ("S1", "S2"):
        books.sale(order, 100_00, SOLD, click=token, **OWN)
    told = sorted((order, sorted(map(str, names))) for order, names in signals(books))
    assert told == [(order, ["late_click", "many_sales", "self_purchase"]) for order in ("S1", "S2")]
    decide(books, release, "S1", "10-02")
    assert [order for order, _names in signals(books)] == ["S2"]
