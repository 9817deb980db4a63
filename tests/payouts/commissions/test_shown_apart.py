"""Two brands may have the same customers, creators and order numbers: each is shown and judged by its own."""

import pytest
from sqlalchemy.orm import Session

from payouts.statements.commands import COMMANDS
from payouts.statements.decisions import hold, keep, release
from tests.harness.databases.snapshots import POSTGRESQL_NIGHTLY, database_seed_for
from tests.payouts.cast import DEFAULT_SEED, Books, at
from tests.payouts.commissions.people import another_creator, click, decide, report_again
from tests.payouts.commissions.suspects import (
    SOLD,
    creator_with_code,
    explain_order,
    held_queue,
    set_suspicion_setting,
    signals,
)
from tests.payouts.owners import open_mugs, report_sales
from tests.payouts.transfers.runs.scenes import OCTOBER, CurrencyBooks, run_at, seal
from tests.tracker.terminal import Terminal
from tracker.programs.links.operations import create_link
from tracker.programs.operations import enroll

pytestmark = POSTGRESQL_NIGHTLY

database_seed = database_seed_for(books=DEFAULT_SEED)


@pytest.fixture
def mugs(books: Books) -> CurrencyBooks:
    return open_mugs(books)


def shown(books: Books, what: str) -> list[str]:
    listed = Terminal(books.settings, COMMANDS).ask("commission", what, "--brand", books.brand_id)
    return [each["order"] for each in listed]


def test_held_list_shows_only_the_commissions_of_the_brand(books: Books, mugs: CurrencyBooks) -> None:
    for each, order in ((books, "T-1"), (mugs, "M-1")):
        each.sale(order, 100_00, SOLD)
        decide(each, hold, order, "10-02", reason="under_review")
    assert (shown(books, "held"), shown(mugs, "held")) == (["T-1"], ["M-1"])


def test_credit_disputes_are_listed_and_decided_per_brand(books: Books, mugs: CurrencyBooks) -> None:
    orders = ((books, "T-1"), (mugs, "M-1"))
    for each, order in orders:
        bob = another_creator(each, f"bob-{order}")
        each.sale(order, 100_00, SOLD, click=click(each, each.link_id, "10-01 08:00"))
        each.run_jobs(at("11-01"))
        report_again(each, order, 100_00, SOLD, click(each, bob.link_id, "10-01 09:00"), "11-02")
    assert (shown(books, "undecided"), shown(mugs, "undecided")) == (["T-1"], ["M-1"])
    decide(mugs, keep, "M-1", "11-03")
    assert (shown(books, "undecided"), shown(mugs, "undecided")) == (["T-1"], [])


def test_an_order_is_explained_and_may_be_held_by_its_own_brand_and_its_own_payout(
    books: Books, mugs: CurrencyBooks
) -> None:
    books.sale("1001", 1000_00, "10-01 01:00")
    mugs.sale("1001", 300_00, SOLD)
    books.sale("1002", 200_00, "10-05")
    seal(books, OCTOBER)
    (payout_id,) = run_at(books, OCTOBER.payday).pay(books.brand_id).paid
    told = {
        (each.brand_id, order): [
            (account["total"]["minor"], [paid["payout"] for paid in account["commissions"][0]["payouts"]])
            for account in explain_order(each, order)
        ]
        for each, order in ((books, "1001"), (books, "1002"), (mugs, "1001"))
    }
    assert told == {
        (books.brand_id, "1001"): [(1000_00, [payout_id])],
        (books.brand_id, "1002"): [(200_00, [])],
        (mugs.brand_id, "1001"): [(300_00, [])],
    }
    decide(books, hold, "1002", "11-10", reason="under_review")
    assert shown(books, "held") == ["1002"]


def test_sales_limit_counts_only_the_customers_of_one_brand(books: Books, mugs: CurrencyBooks) -> None:
    for each, order in ((books, "T-1"), (mugs, "M-1")):
        set_suspicion_setting(each, "many_sales", "2")
        each.sale(order, 100_00, SOLD, customer="c-1")
    assert (held_queue(books), held_queue(mugs)) == ([], [])


def test_each_brand_has_its_own_sales_limit(books: Books, mugs: CurrencyBooks) -> None:
    set_suspicion_setting(mugs, "many_sales", "2")
    report_sales({"anna": books, "mugs": mugs}, SOLD, "first", "second", customer="c-1")
    books.run_jobs(at(SOLD))
    assert (held_queue(books), sorted(order for order, _names in signals(mugs))) == (
        [],
        ["first mugs", "second mugs"],
    )


def test_links_at_another_brand_do_not_make_a_code_suspicious(books: Books, mugs: CurrencyBooks) -> None:
    bob = creator_with_code(books, linked=False)

    def linked(session: Session) -> None:
        enroll(session, at("09-01"), program_id=mugs.program_id, creator_id=bob.creator_id)
        create_link(
            session,
            at("09-01"),
            program_id=mugs.program_id,
            creator_id=bob.creator_id,
            destination="https://shop.example/",
            code="bobs-mug",
        )

    mugs.write(linked)
    books.sale("S1", 100_00, SOLD, click=None, coupons=["BOB10"])
    assert held_queue(books) == []


def test_release_does_not_apply_to_a_creator_credited_later(books: Books) -> None:
    set_suspicion_setting(books, "many_sales", "2")
    bob = another_creator(books, "bob")
    sold = {"S0": "10-01 12:00", "S1": "10-01 13:00"}
    for order, when in sold.items():
        books.sale(order, 100_00, when, customer="c-1", click=click(books, books.link_id, "10-01 08:00"))
    for order in sold:
        decide(books, release, order, "10-02")
    for order, when in sold.items():
        bobs = click(books, bob.link_id, "10-01 11:30")
        report_again(books, order, 100_00, when, bobs, "10-03", customer="c-1")
    assert sorted(order for order, _names in signals(books)) == ["S0", "S1"]
