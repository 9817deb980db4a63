"""Closing, showing, deciding and sealing concern only the brand, currency and period that are given."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from payouts.statements.close import close_period
from payouts.statements.commands import COMMANDS
from payouts.statements.decisions.commissions import decline
from tests.cast.api import Terminal
from tests.cast.books import Books, add_brand, at
from tests.cast.months import (
    DECEMBER,
    DEFAULT_SEED,
    NOVEMBER,
    OCTOBER,
    add_booking,
    open_three_books,
    orders_changed_by,
    refund_sales,
    report_sales,
    seed_after,
)
from tests.harness.databases.snapshots import POSTGRESQL_NIGHTLY, Snapshot, database_seed_for
from tests.payouts.test_worked_example import equation, split

pytestmark = POSTGRESQL_NIGHTLY


def seed_two_brands(books: Books) -> str:
    """The id of the other brand."""
    mugs = add_brand(books)
    mugs.sale("M-1", 3000_00, "09-20")
    books.sale("T-1", 1000_00, "10-20")
    mugs.sale("M-2", 700_00, "10-21")
    for each in (mugs, books):
        each.end("2026-10", OCTOBER.closing)
    books.sale("Y-1", 50_000, "11-20", currency="JPY")
    books.sale("T-2", 500_00, "11-21")
    add_booking(books, 9_000, "11-22", currency="JPY")
    books.end("2026-11", NOVEMBER.closing)
    return mugs.brand_id


def seed_pending_work(books: Books) -> dict[str, str]:
    owners = open_three_books(books)
    report_sales(owners, "10-05", "refunded", "releasable")
    books.run_jobs(at("10-06"))
    refund_sales(owners, "10-20")
    report_sales(owners, "10-21", "reported")
    return {name: each.brand_id for name, each in owners.items()}


database_seed = database_seed_for(
    waiting=seed_after(seed_pending_work), mugs=seed_after(seed_two_brands), books=DEFAULT_SEED
)


@pytest.fixture
def mugs(snapshot: Snapshot, books: Books) -> Books:
    """Anna sells for two brands. Mugs has drafts of September and October, Teas of October and November.

    In November Teas starts to sell in yen, too.
    """
    return replace(books, brand_id=snapshot.known[1])


@pytest.fixture
def waiting(snapshot: Snapshot) -> dict[str, str]:
    """Orders of three owners with pending work for the jobs. Returns brand ids by owner."""
    found: dict[str, str] = snapshot.known[1]
    return found


def orders(document: dict[str, Any]) -> list[str]:
    return sorted(line["order"] for part in document["creators"] for line in part["lines"])


def test_closing_a_month_of_one_brand_does_not_touch_other_brands(
    books: Books, waiting: dict[str, str]
) -> None:
    """The close accrues sales, enters refunds, and releases what is due."""

    def closed_for(owner: str) -> set[str]:
        close = partial(close_period, now=at(NOVEMBER.closing), brand_id=waiting[owner], name="2026-11")
        return orders_changed_by(books.databases, lambda: books.write(close))

    kinds = ("reported", "refunded", "releasable")
    assert closed_for("anna") == {f"{kind} {name}" for kind in kinds for name in ("anna", "bob")}
    assert closed_for("mugs") == {f"{kind} mugs" for kind in kinds}


def test_a_late_close_releases_nothing_that_was_due_after_its_period(books: Books) -> None:
    """It stays on hold during the review, as the draft says."""
    books.sale("1001", 1000_00, "10-01 06:00")
    books.sale("1002", 1000_00, "10-05")
    books.write(lambda s: close_period(s, at("11-20"), books.brand_id, "2026-10"))
    assert (books.balance().pending_minor, books.balance().payable_minor) == (100_00, 100_00)


def test_a_statement_has_the_orders_of_its_brand_and_currency(books: Books, mugs: Books) -> None:
    assert orders(books.statement("2026-10")) == ["T-1"]
    assert orders(books.statement("2026-11")) == ["T-1", "T-2"]
    assert orders(books.statement("2026-11", "JPY")) == ["Y-1"]
    assert orders(mugs.statement("2026-10")) == ["M-1", "M-2"]


def test_a_brand_has_statements_in_the_currencies_of_its_own_creators(books: Books, mugs: Books) -> None:
    mugs.end("2026-11", NOVEMBER.closing)
    terminal = Terminal(books.settings, COMMANDS)
    found = {
        each.brand_id: [
            (statement["period"], statement["currency"])
            for statement in terminal.ask("statement", "list", "--brand", each.brand_id)
        ]
        for each in (books, mugs)
    }
    assert found == {
        books.brand_id: [("2026-11", "EUR"), ("2026-11", "JPY"), ("2026-10", "EUR")],
        mugs.brand_id: [("2026-11", "EUR"), ("2026-10", "EUR"), ("2026-09", "EUR")],
    }


def test_brand_minimum_does_not_apply_to_other_currencies(books: Books, mugs: Books) -> None:
    """The product's 8,000 JPY count, not the 50.00 EUR."""
    assert split(books.statement("2026-11", "JPY")) == {"held": 5_000, "payable": 9_000}


def test_open_drafts_of_another_brand_or_currency_do_not_block_sealing(books: Books, mugs: Books) -> None:
    books.end("2026-12", DECEMBER.closing)
    for month in (OCTOBER, NOVEMBER, DECEMBER):
        assert books.approve(month.name, DECEMBER.approval)["state"] == "sealed"
    assert books.approve("2026-11", DECEMBER.approval, "JPY")["previous_sha256"] is None


def test_seal_does_not_chain_to_another_brand(books: Books, mugs: Books) -> None:
    mugs.approve("2026-09", OCTOBER.approval)
    assert books.approve("2026-10", OCTOBER.approval)["previous_sha256"] is None


def test_a_decline_counts_for_the_draft_that_has_the_order_and_not_for_an_older_one(
    books: Books, mugs: Books
) -> None:
    books.decide(decline, "T-2", "12-02", reason="returned")
    assert equation(books.statement("2026-10")) == [0, 100_00, 0, 0, 0, 100_00]
    assert equation(books.statement("2026-11")) == [100_00, 50_00, 50_00, 0, 0, 100_00]


def test_a_decline_changes_no_sealed_statement_while_another_currencys_is_a_draft(
    books: Books, mugs: Books
) -> None:
    for month in (OCTOBER, NOVEMBER):
        books.approve(month.name, NOVEMBER.approval)
    books.decide(decline, "T-2", "12-10", reason="returned")
    assert equation(books.close("2026-12", DECEMBER.closing)) == [150_00, 0, 50_00, 0, 0, 100_00]
    assert books.faults() == []
