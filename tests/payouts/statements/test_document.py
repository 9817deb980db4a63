"""The contents of a statement: lines by creator, pay dates, exact amounts in JSON, CSV and text."""

import csv
import io
import json
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text, update

from config.canonical import canonical_json
from config.database import Databases
from config.settings import Settings
from payouts.commissions.dates import expected_pay_date
from payouts.statements.render.csv import COLUMNS, as_csv
from payouts.statements.render.text import as_text
from payouts.statements.rows.columns import AMOUNTS
from payouts.transfers.sandbox.server import SandboxServer
from tests.cast.books import Books, add_creator, at, open_books
from tests.cast.months import (
    DECEMBER,
    DEFAULT_SEED,
    NOVEMBER,
    OCTOBER,
    add_booking,
    seed_after,
    sell_and_release,
)
from tests.harness.databases.snapshots import database_seed_for
from tests.payouts.test_worked_example import equation
from tests.tracker.sales.attribution.former_decisions import allow_updates, store_as_rules_2
from tracker.people.accounts.brand_rules import BrandRules, RulesVersion
from tracker.sales.attribution.models import Attribution

NAMES = ("opening", "earned", "reversed", "adjustments", "payments", "closing")


def rows_of(document: dict[str, Any]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv(document), newline="")))


def amounts_in(value: Any) -> list[dict[str, Any]]:
    """Every amount at any depth. A float anywhere is an error."""
    if isinstance(value, dict):
        if "minor" in value:
            return [value]
        return [found for name, each in value.items() if name != "sub_ids" for found in amounts_in(each)]
    if isinstance(value, list):
        return [found for each in value for found in amounts_in(each)]
    assert not isinstance(value, float)
    return []


def seed_two_months(books: Books) -> None:
    bert = add_creator(books, "bert", code="code-bert")
    sell_and_release(books, "A-1", 100_00)
    bert.sale("B-1", 900_00, "10-20", total=1071_00, tax=171_00, discount=50_00)
    add_booking(bert, 12_34, "10-21")
    books.end("2026-10", OCTOBER.closing)
    books.approve("2026-10", OCTOBER.approval)
    books.run(OCTOBER.payday).pay(books.brand_id)
    books.refund("A-1", 250_00, "11-12")
    bert.sale("B-2", 333_33, "11-13")
    books.end("2026-11", NOVEMBER.closing)


TWO_MONTHS = seed_after(seed_two_months)


database_seed = database_seed_for(two_months=TWO_MONTHS, books=DEFAULT_SEED)


@pytest.fixture
def two_months(books: Books) -> Books:
    """Two creators; sales, refunds, an adjustment, a payment; November is a draft."""
    return books


def test_a_sale_of_the_first_of_november_is_paid_on_the_ninth_of_january(books: Books) -> None:
    books.sale("1001", 600_00, "11-01")
    (line,) = books.close("2026-11", NOVEMBER.closing)["creators"][0]["lines"]
    assert (line["status"], line["pay_date"]) == ("held", "2027-01-09")
    assert line["release_at"] == "2026-12-01T12:00:00Z"
    books.approve("2026-11", NOVEMBER.approval)
    assert books.close("2026-12", DECEMBER.closing)["released_in_period"]["minor"] == 60_00
    assert books.approve("2026-12", DECEMBER.approval)["pay_from"] == "2027-01-09T00:00:00Z"


@pytest.mark.parametrize(
    ("released", "cadence", "timezone", "day"),
    [
        ("2026-10-31T22:59:59", "month", "Europe/Berlin", "2026-11-09"),
        ("2026-10-31T23:00:00", "month", "Europe/Berlin", "2026-12-09"),
        ("2026-12-31T12:00:00", "month", "UTC", "2027-01-09"),
        ("2026-10-15T12:00:00", "half_month", "UTC", "2026-10-24"),
        ("2026-10-18T12:00:00", "week", "UTC", "2026-10-27"),
        ("2026-03-20T12:00:00", "month", "America/New_York", "2026-04-09"),
    ],
)
def test_the_pay_date_is_the_day_after_the_review_of_the_period(
    released: str, cadence: str, timezone: str, day: str
) -> None:
    rules = BrandRules([RulesVersion(1, at("01-01"), at("01-01"), cadence, timezone, review_days=7)])
    assert expected_pay_date(rules, at(released)) == day


def test_creator_part_contains_no_data_of_another_creator(two_months: Books) -> None:
    document = two_months.statement("2026-11")
    parts = {part["creator"]["name"]: part for part in document["creators"]}
    assert set(parts) == {"Anna", "bert"}
    anna, bert = canonical_json(parts["Anna"]), canonical_json(parts["bert"])
    assert "A-1" in anna
    assert all(word not in bert for word in ("A-1", "Anna", two_months.creator_id))
    assert all(word not in anna for word in ("B-1", "B-2", "bert", parts["bert"]["creator"]["id"]))
    for name in NAMES:
        whole = document["equation"][name]["minor"]
        assert whole == sum(part["equation"][name]["minor"] for part in parts.values())
    for part in parts.values():
        opening, earned, back, adjustments, payments, closing = equation(part)
        assert opening + earned - back + adjustments - payments == closing
        assert closing == part["closing_split"]["held"]["minor"] + sum(
            sign * part["closing_split"][name]["minor"]
            for name, sign in (
                ("payable", 1),
                ("below_minimum", 1),
                ("owed_by_creator", -1),
                ("in_transit", 1),
            )
        )


def test_lines_add_up_to_the_equation(two_months: Books) -> None:
    for period in ("2026-10", "2026-11"):
        for part in two_months.statement(period)["creators"]:
            for name in ("earned", "reversed"):
                assert sum(line[name]["minor"] for line in part["lines"]) == part["equation"][name]["minor"]
            held = sum(line["held"]["minor"] for line in part["lines"])
            assert held == part["closing_split"]["held"]["minor"]
            listed = sum(each["amount"]["minor"] for each in part["adjustments"])
            assert listed == part["equation"]["adjustments"]["minor"]
            listed = sum(each["amount"]["minor"] for each in part["payments"])
            assert listed == part["equation"]["payments"]["minor"]


def test_line_contains_every_amount_of_its_calculation(two_months: Books) -> None:
    (line,) = [
        line
        for part in two_months.statement("2026-11")["creators"]
        for line in part["lines"]
        if line["order"] == "B-1"
    ]
    amounts = {name: line[name]["minor"] for name in AMOUNTS}
    assert amounts == {
        "gross": 1071_00,
        "discount": 50_00,
        "tax": 171_00,
        "shipping": 0,
        "refunded": 0,
        "base_amount": 900_00,
        "commission_at_sale": 90_00,
        "earned": 0,
        "reversed": 0,
        "released": 90_00,
        "held": 0,
        "remaining": 90_00,
    }
    assert (line["base"], line["rate_percent"], line["terms_version"]) == ("net", "10", 1)
    assert (line["status"], line["link"]) == ("released", "code-bert")
    assert line["click"]


CREDITED_BECAUSE = "The last eligible click decides, 0 minutes before the sale."


def credited_because(document: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Words, code and parameters of each line."""
    names = ("credited_because", "credited_because_code", "credited_because_parameters")
    lines = [line for part in document["creators"] for line in part["lines"]]
    return [tuple(line[name] for name in names) for line in lines]


def test_line_says_why_its_creator_is_credited_in_words_of_the_code(two_months: Books) -> None:
    allow_updates(two_months.databases)
    other_words = update(Attribution).values(reason="in the words of another version")
    two_months.write(lambda s: s.execute(other_words))
    reason = (CREDITED_BECAUSE, "click_decides", {"model": "last", "age_s": 0})
    assert credited_because(two_months.statement("2026-11")) == [reason] * 3


def test_line_of_an_attribution_that_is_older_than_the_codes_has_only_its_words(two_months: Books) -> None:
    store_as_rules_2(two_months.databases)
    assert credited_because(two_months.statement("2026-11")) == [(CREDITED_BECAUSE, None, None)] * 3


def test_every_amount_is_an_integer_with_its_currency(two_months: Books) -> None:
    found = amounts_in(two_months.statement("2026-11"))
    assert len(found) > 50
    assert all(set(each) == {"minor", "currency"} and type(each["minor"]) is int for each in found)
    assert {each["currency"] for each in found} == {"EUR"}


def test_a_sealed_document_is_canonical_json(two_months: Books) -> None:
    body = two_months.write(lambda s: s.scalar(text("select body from sealed_document")))
    assert canonical_json(json.loads(body)) == body


def test_a_statement_names_the_statement_that_authorised_a_payment(two_months: Books) -> None:
    (payment,) = (
        two_months.statement("2026-11")["creators"][0]["payments"]
        or two_months.statement("2026-11")["creators"][1]["payments"]
    )
    assert (payment["what"], payment["authorised_by"]) == ("payout_confirmed", "2026-10")


def test_csv_contains_every_line_with_exact_amounts(two_months: Books) -> None:
    document = two_months.statement("2026-11")
    rows = rows_of(document)
    lines = {line["order"]: line for part in document["creators"] for line in part["lines"]}
    commissions = {row["order"]: row for row in rows if row["kind"] == "commission"}
    assert set(commissions) == set(lines) == {"A-1", "B-1", "B-2"}
    for order, row in commissions.items():
        for name in AMOUNTS:
            assert int(Decimal(row[name]) * 100) == lines[order][name]["minor"]
    balances = {(row["creator"], row["kind"]): row["remaining"] for row in rows if row["kind"] in NAMES}
    assert len(balances) == 2 * len(NAMES)
    assert all(tuple(row) == COLUMNS for row in rows)
    assert {row["kind"] for row in rows} == {"commission", "payout_confirmed", *NAMES}


def test_text_for_a_terminal_shows_the_equation_every_line_and_kinds_in_words(two_months: Books) -> None:
    shown = as_text(two_months.statement("2026-11"))
    for word in ("Teas, 2026-11, EUR", "opening", "closing", "A-1", "B-1", "B-2", "paid 100.00 tr_"):
        assert word in shown
    assert "payout_confirmed" not in shown


DANGEROUS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1+1",
    "x;=1+1",
    'x,"=1+1',
    "x\n=1+1",
    "\uff1d1+1",
]


@pytest.mark.parametrize("order", DANGEROUS)
def test_csv_cells_are_never_formulas(order: str) -> None:
    row = cells_of(order)
    assert row["order"].replace("'", "") == order
    for separator in (",", ";", "\t", "\n", "\r"):
        for cell in row["order"].split(separator):
            assert not cell.strip(' "').startswith(("=", "+", "-", "@", "\uff1d")), row["order"]


@pytest.mark.parametrize("order", ["1001", "A-1", "a=b", "2026-10-01", "Ünïcode, with comma", "it's", "50%"])
def test_harmless_csv_cells_are_unchanged(order: str) -> None:
    assert cells_of(order)["order"] == order


def cells_of(order: str) -> dict[str, str]:
    zero = {"minor": 0, "currency": "EUR"}
    plain = ("occurred_at", "click", "link", "coupon", "base", "rate_percent", "terms_version", "status")
    line = dict.fromkeys((*plain, "release_at", "pay_date", "commission", "creator"), "")
    part = {
        "creator": {"name": "Anna"},
        "equation": {},
        "lines": [line | dict.fromkeys(AMOUNTS, zero) | {"order": order, "sub_ids": {}, "reasons": []}],
        "adjustments": [],
        "payments": [],
    }
    document = {"period": {"name": "2026-10"}, "currency": "EUR", "creators": [part]}
    (row,) = rows_of(document)
    return row


@pytest.fixture
def yen(settings: Settings, databases: Databases, sandbox_server: SandboxServer) -> Books:
    return open_books(settings, databases, sandbox_server, currency="JPY")


def test_csv_amounts_in_yen_have_no_decimals(yen: Books) -> None:
    yen.sale("1001", 12_345, "10-05")
    (row, *_rest) = rows_of(yen.close("2026-10", OCTOBER.closing))
    assert (row["currency"], row["gross"], row["earned"]) == ("JPY", "12345", "1235")
