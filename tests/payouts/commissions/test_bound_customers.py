"""What a binding credits is earned, moved and given up like any other credit (docs/money.md 4 and 5)."""

from typing import Any

import pytest

from config.database import read_session
from payouts.commissions.credit_disputes import undecided_revisions
from payouts.statements.decisions import decline
from tests.payouts.cast import Books, at
from tests.payouts.commissions.people import (
    NOTHING,
    balance_of,
    click,
    commissions,
    holds,
    one_more,
    one_more_link,
    standing,
)
from tracker.programs.policies import change_policy

CUSTOMER: dict[str, Any] = {"customer": "C1"}


def bind(books: Books, customers: str = "lifetime", months: int | None = None) -> None:
    policy: dict[str, Any] = {"customers": customers, "months": months}
    books.write(lambda s: change_policy(s, at("09-01"), brand_id=books.brand_id, **policy))


def renewal(books: Books, order: str, when: str) -> None:
    books.sale(order, 100_00, when, click=None, **CUSTOMER)


def first(books: Books, order: str, when: str, link_id: str, clicked: str) -> None:
    books.sale(order, 100_00, when, click=click(books, link_id, clicked), **CUSTOMER)


def test_a_renewal_earns_by_the_rate_of_the_link_that_brought_the_customer(books: Books) -> None:
    bind(books)
    link_id = one_more_link(books, "better", rate_bp=2000)
    first(books, "S1", "10-01", link_id, "09-30")
    renewal(books, "S2", "11-01")

    assert commissions(books, "S2") == [(books.creator_id, True, 20_00)]
    assert books.commission("S2").rate_from == "link"
    assert books.faults() == []


def test_a_first_sale_that_is_reported_late_moves_what_is_pending(books: Books) -> None:
    bind(books)
    bob = one_more(books, "bob")
    first(books, "S2", "10-10", bob.link_id, "10-09")
    renewal(books, "S3", "10-12")
    assert balance_of(books, bob.creator_id).pending_minor == 20_00

    first(books, "S1", "10-01", books.link_id, "09-30")
    assert commissions(books, "S2") == [(bob.creator_id, True, 10_00)]
    assert commissions(books, "S3") == [(bob.creator_id, False, 0), (books.creator_id, True, 10_00)]
    assert books.balance().pending_minor == 20_00
    assert books.faults() == []


def test_what_was_released_by_then_is_left_to_a_person(books: Books) -> None:
    bind(books)
    bob = one_more(books, "bob")
    first(books, "S2", "10-10", bob.link_id, "10-09")
    renewal(books, "S3", "10-12")
    books.settle(at("12-01"))
    first(books, "S1", "10-01", books.link_id, "09-30")

    assert commissions(books, "S3") == [(bob.creator_id, True, 10_00)]
    with read_session(books.databases.main) as session:
        [found] = undecided_revisions(session, books.brand_id)
    assert (found.order_id, found.credited.name) == ("S3", "bob")
    assert found.rightful is not None
    assert found.rightful.name == "Anna"


def over_after_all(books: Books) -> None:
    """The renewal of October is within a month of September's sale, but not of the one before that."""
    bind(books, "months", 1)
    first(books, "S2", "09-20", books.link_id, "09-19")
    renewal(books, "S3", "10-12")
    assert standing(books) == (20_00, 0, 0)


def test_a_binding_that_turns_out_to_be_over_gives_its_commission_up(books: Books) -> None:
    over_after_all(books)
    first(books, "S1", "09-10", books.link_id, "09-09")

    assert commissions(books, "S3") == [(books.creator_id, False, 0)]
    assert standing(books) == (20_00, 0, 0)  # those of S1 and S2
    books.settle(at("12-01"))
    assert standing(books) == (0, 20_00, 0)
    assert books.faults() == []


def test_a_binding_that_turns_out_to_be_over_after_the_release_is_left_to_a_person(books: Books) -> None:
    over_after_all(books)
    books.settle(at("12-01"))
    first(books, "S1", "09-10", books.link_id, "09-09")

    assert commissions(books, "S3") == [(books.creator_id, True, 10_00)]
    with read_session(books.databases.main) as session:
        [found] = undecided_revisions(session, books.brand_id)
    assert (found.order_id, found.rightful) == ("S3", None)


def test_what_was_declined_and_given_up_does_not_come_back_to_life_by_itself(books: Books) -> None:
    over_after_all(books)
    declined = books.commission("S3").id
    books.write(lambda s: decline(s, at("10-13"), declined, reason="self_purchase"))
    first(books, "S1", "09-10", books.link_id, "09-09")
    books.sale("S3", 100_00, "10-12", click=None, **CUSTOMER)
    data = {"order_id": "S3", "occurred_at": at("10-12").isoformat(), "currency": "EUR", **CUSTOMER}
    amounts = {"total": 100_00, "tax": 0, "shipping": 0, "discount": 0}
    token = {"click": click(books, books.link_id, "10-11")}
    books.report("sale.created", data | amounts | token, "again", at("10-15"))

    assert [(live, worth) for _who, live, worth in commissions(books, "S3")] == [(False, 0), (True, 10_00)]
    [reason] = holds(books, "S3")
    assert "self_purchase" in reason
    assert books.faults() == []


@pytest.mark.parametrize("order", [("S1", "S2", "S3"), ("S3", "S2", "S1"), ("S2", "S3", "S1")])
def test_balances_do_not_depend_on_what_was_reported_first(books: Books, order: tuple[str, ...]) -> None:
    bind(books)
    bob = one_more(books, "bob")
    told = {
        "S1": lambda: first(books, "S1", "10-01", books.link_id, "09-30"),
        "S2": lambda: first(books, "S2", "10-10", bob.link_id, "10-09"),
        "S3": lambda: renewal(books, "S3", "10-12"),
    }
    for name in order:
        told[name]()

    assert books.balance().pending_minor == 20_00
    assert balance_of(books, bob.creator_id).pending_minor == 10_00
    assert books.faults() == []


def test_a_renewal_that_is_refunded_ends_at_nothing(books: Books) -> None:
    bind(books)
    first(books, "S1", "10-01", books.link_id, "09-30")
    renewal(books, "S2", "11-01")
    for order in ("S1", "S2"):
        books.refund(order, 100_00, "11-02")

    assert standing(books) == NOTHING
