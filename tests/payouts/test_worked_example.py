"""The worked example of docs/money.md 9, cent by cent."""

from typing import Any

from payouts.ledger.manual import book_manually
from payouts.statements.decisions.commissions import decline
from tests.cast.books import Books, at
from tests.cast.people import PERSON

EURO = 100


def equation(statement: dict[str, Any]) -> list[int]:
    names = ("opening", "earned", "reversed", "adjustments", "payments", "closing")
    return [statement["equation"][name]["minor"] for name in names]


def split(statement: dict[str, Any]) -> dict[str, int]:
    return {name: amount["minor"] for name, amount in statement["closing_split"].items() if amount["minor"]}


def run_october(books: Books) -> dict[str, Any]:
    books.sale("S1", 1000 * EURO, "10-01")
    books.sale("S0", 50 * EURO, "10-01")
    books.sale("S2", 400 * EURO, "10-20")
    books.refund("S1", 200 * EURO, "10-25")
    books.end("2026-10", "11-01 00:05")
    books.refund("S1", 100 * EURO, "11-04")
    declined = books.commission("S0")
    books.write(lambda s: decline(s, at("11-05"), declined.id, reason="returned", actor=PERSON))
    return books.approve("2026-10", "11-08")


def run_november(books: Books) -> dict[str, Any]:
    report = books.pay("11-09")
    assert len(report.paid) == 1
    books.sale("S3", 300 * EURO, "11-12")
    books.run_jobs(at("11-19 13:00"))
    books.refund("S1", 250 * EURO, "11-27")
    for _ in range(2):
        books.write(
            lambda s: book_manually(
                s,
                at("11-30"),
                brand_id=books.brand_id,
                kind="bonus",
                key="november",
                amount_minor=5 * EURO,
                currency="EUR",
                reason="best video of the month",
                creator_id=books.creator_id,
            )
        )
    return books.close("2026-11", "12-01 00:05")


def test_october_closes_with_what_is_held_and_what_is_payable(books: Books) -> None:
    statement = run_october(books)
    assert equation(statement) == [0, 145_00, 25_00, 0, 0, 120_00]
    assert split(statement) == {"held": 40_00, "payable": 80_00}


def test_november_opens_where_october_closed_and_pays_less_what_came_back_since(books: Books) -> None:
    run_october(books)
    statement = run_november(books)
    assert equation(statement) == [120_00, 30_00, 35_00, 5_00, 70_00, 50_00]
    assert split(statement) == {"held": 30_00, "below_minimum": 20_00}


def test_the_transfer_is_the_amount_and_names_the_statement_that_authorised_it(books: Books) -> None:
    run_october(books)
    statement = run_november(books)
    (payment,) = statement["creators"][0]["payments"]
    assert payment["amount"] == {"minor": 70_00, "currency": "EUR"}
    assert payment["authorised_by"] == "2026-10"
    assert payment["transfer"].startswith("tr_")
    assert books.sandbox.control.counts()["transfers"] == 1


def test_self_check_finds_nothing_after_the_example(books: Books) -> None:
    run_october(books)
    run_november(books)
    books.approve("2026-11", "12-08")
    assert books.faults() == []
