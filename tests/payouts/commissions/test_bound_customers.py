"""Commissions credited by a binding are earned, moved and reversed like others (docs/money.md 4 and 5)."""

from typing import Any

import pytest

from config.database import read_session
from payouts.commissions.undecided import undecided_commissions
from payouts.statements.decisions.commissions import decline
from tests.cast.books import Books, add_creator, add_link, at
from tests.cast.people import PERSON
from tests.payouts.commissions.order_state import ZERO_BALANCES, balances_of, commissions, holds
from tracker.programs.policies import change_policy

CUSTOMER: dict[str, Any] = {"customer": "C1"}


def bind(books: Books, customers: str = "lifetime", months: int | None = None) -> None:
    policy: dict[str, Any] = {"customers": customers, "months": months}
    books.write(lambda s: change_policy(s, at("09-01"), actor=PERSON, brand_id=books.brand_id, **policy))


def report_renewal(books: Books, order: str, when: str) -> None:
    books.sale(order, 100_00, when, click=None, **CUSTOMER)


def report_first_sale(books: Books, order: str, when: str, link_id: str, clicked: str) -> None:
    books.sale(order, 100_00, when, click=books.click(link_id, clicked), **CUSTOMER)


def test_a_renewal_earns_by_the_rate_of_the_link_that_brought_the_customer(books: Books) -> None:
    bind(books)
    link_id = add_link(books, "better", rate_bp=2000)
    report_first_sale(books, "S1", "10-01", link_id, "09-30")
    report_renewal(books, "S2", "11-01")

    assert commissions(books, "S2") == [(books.creator_id, True, 20_00)]
    assert books.commission("S2").rate_from == "link"
    assert books.faults() == []


def test_a_first_sale_that_is_reported_late_moves_held_commissions(books: Books) -> None:
    bind(books)
    bob = add_creator(books, "bob", connected=False)
    report_first_sale(books, "S2", "10-10", bob.link_id, "10-09")
    report_renewal(books, "S3", "10-12")
    assert books.balance(bob.creator_id).pending_minor == 20_00

    report_first_sale(books, "S1", "10-01", books.link_id, "09-30")
    assert commissions(books, "S2") == [(bob.creator_id, True, 10_00)]
    assert commissions(books, "S3") == [(bob.creator_id, False, 0), (books.creator_id, True, 10_00)]
    assert books.balance().pending_minor == 20_00
    assert books.faults() == []


def test_released_commission_becomes_a_credit_dispute(books: Books) -> None:
    bind(books)
    bob = add_creator(books, "bob", connected=False)
    report_first_sale(books, "S2", "10-10", bob.link_id, "10-09")
    report_renewal(books, "S3", "10-12")
    books.run_jobs(at("12-01"))
    report_first_sale(books, "S1", "10-01", books.link_id, "09-30")

    assert commissions(books, "S3") == [(bob.creator_id, True, 10_00)]
    with read_session(books.databases.main) as session:
        [found] = undecided_commissions(session, books.brand_id)
    assert (found.order_id, found.credited.name) == ("S3", "bob")
    assert found.claimant is not None
    assert found.claimant.name == "Anna"


def outdated_binding(books: Books) -> None:
    """The October renewal is within a month of the sale on 20 September, but not of one on 10 September."""
    bind(books, "months", 1)
    report_first_sale(books, "S2", "09-20", books.link_id, "09-19")
    report_renewal(books, "S3", "10-12")
    assert balances_of(books) == (20_00, 0, 0)


def test_binding_found_expired_reverses_its_commission(books: Books) -> None:
    outdated_binding(books)
    report_first_sale(books, "S1", "09-10", books.link_id, "09-09")

    assert commissions(books, "S3") == [(books.creator_id, False, 0)]
    assert balances_of(books) == (20_00, 0, 0)  # of S1 and S2
    books.run_jobs(at("12-01"))
    assert balances_of(books) == (0, 20_00, 0)
    assert books.faults() == []


def test_binding_found_expired_after_the_release_becomes_a_credit_dispute(books: Books) -> None:
    outdated_binding(books)
    books.run_jobs(at("12-01"))
    report_first_sale(books, "S1", "09-10", books.link_id, "09-09")

    assert commissions(books, "S3") == [(books.creator_id, True, 10_00)]
    with read_session(books.databases.main) as session:
        [found] = undecided_commissions(session, books.brand_id)
    assert (found.order_id, found.claimant) == ("S3", None)


def test_declined_commission_stays_held_when_credited_again(books: Books) -> None:
    outdated_binding(books)
    declined = books.commission("S3").id
    books.write(lambda s: decline(s, at("10-13"), declined, reason="self_purchase", actor=PERSON))
    report_first_sale(books, "S1", "09-10", books.link_id, "09-09")
    books.sale("S3", 100_00, "10-12", click=None, **CUSTOMER)
    data = {"order_id": "S3", "occurred_at": at("10-12").isoformat(), "currency": "EUR", **CUSTOMER}
    amounts = {"total": 100_00, "tax": 0, "shipping": 0, "discount": 0}
    token = {"click": books.click(books.link_id, "10-11")}
    books.report("sale.created", data | amounts | token, "again", at("10-15"))

    assert [(live, worth) for _who, live, worth in commissions(books, "S3")] == [(False, 0), (True, 10_00)]
    [reason] = holds(books, "S3")
    assert "self_purchase" in reason
    assert books.faults() == []


@pytest.mark.parametrize("order", [("S1", "S2", "S3"), ("S3", "S2", "S1"), ("S2", "S3", "S1")])
def test_report_order_does_not_change_balances(books: Books, order: tuple[str, ...]) -> None:
    bind(books)
    bob = add_creator(books, "bob", connected=False)
    reports = {
        "S1": lambda: report_first_sale(books, "S1", "10-01", books.link_id, "09-30"),
        "S2": lambda: report_first_sale(books, "S2", "10-10", bob.link_id, "10-09"),
        "S3": lambda: report_renewal(books, "S3", "10-12"),
    }
    for name in order:
        reports[name]()

    assert books.balance().pending_minor == 20_00
    assert books.balance(bob.creator_id).pending_minor == 10_00
    assert books.faults() == []


def test_refunded_renewal_earns_zero(books: Books) -> None:
    bind(books)
    report_first_sale(books, "S1", "10-01", books.link_id, "09-30")
    report_renewal(books, "S2", "11-01")
    for order in ("S1", "S2"):
        books.refund(order, 100_00, "11-02")

    assert balances_of(books) == ZERO_BALANCES
