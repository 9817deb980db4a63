"""Two brands with the same customers, creators and order numbers: each sees and decides only its own."""

import pytest

from payouts.statements.commands import COMMANDS
from payouts.statements.decisions.commissions import hold, release
from payouts.statements.decisions.credit import keep
from payouts.statements.decisions.credit_commands import COMMANDS as CREDIT
from tests.cast.api import Terminal
from tests.cast.books import Books, add_brand, add_creator, at
from tests.cast.months import DEFAULT_SEED, OCTOBER, report_sales, seal
from tests.cast.people import add_member
from tests.harness.databases.snapshots import POSTGRESQL_NIGHTLY, database_seed_for
from tests.payouts.commissions.order_state import report_again
from tests.payouts.commissions.suspects import (
    SOLD,
    creator_with_code,
    explain_order,
    held_queue,
    set_suspicion_setting,
    signals,
)

pytestmark = POSTGRESQL_NIGHTLY

database_seed = database_seed_for(books=DEFAULT_SEED)


@pytest.fixture
def mugs(books: Books) -> Books:
    return add_brand(books, since="09-02")


def shown(books: Books, what: str) -> list[str]:
    group = "credit" if what == "show" else "commission"
    listed = Terminal(books.settings, (*COMMANDS, *CREDIT)).ask(group, what, "--brand", books.brand_id)
    return [each["order"] for each in listed]


def test_held_list_shows_only_the_commissions_of_the_brand(books: Books, mugs: Books) -> None:
    for each, order in ((books, "T-1"), (mugs, "M-1")):
        each.sale(order, 100_00, SOLD)
        each.decide(hold, order, "10-02", reason="under_review")
    assert (shown(books, "held"), shown(mugs, "held")) == (["T-1"], ["M-1"])


def test_credit_disputes_are_listed_and_decided_per_brand(books: Books, mugs: Books) -> None:
    orders = ((books, "T-1"), (mugs, "M-1"))
    for each, order in orders:
        bob = add_creator(each, f"bob-{order}", connected=False)
        each.sale(order, 100_00, SOLD, click=each.click(each.link_id, "10-01 08:00"))
        each.run_jobs(at("11-01"))
        report_again(each, order, 100_00, SOLD, each.click(bob.link_id, "10-01 09:00"), "11-02")
    assert (shown(books, "show"), shown(mugs, "show")) == (["T-1"], ["M-1"])
    mugs.decide(keep, "M-1", "11-03")
    assert (shown(books, "show"), shown(mugs, "show")) == (["T-1"], [])


def test_explanation_and_hold_of_an_order_use_its_own_brand_and_payout(books: Books, mugs: Books) -> None:
    books.sale("1001", 1000_00, "10-01 01:00")
    mugs.sale("1001", 300_00, SOLD)
    books.sale("1002", 200_00, "10-05")
    seal(books, OCTOBER)
    (payout_id,) = books.run(OCTOBER.payday).pay(books.brand_id).paid
    payouts_by_order = {
        (each.brand_id, order): [
            (account["total"]["minor"], [paid["payout"] for paid in account["commissions"][0]["payouts"]])
            for account in explain_order(each, order)
        ]
        for each, order in ((books, "1001"), (books, "1002"), (mugs, "1001"))
    }
    assert payouts_by_order == {
        (books.brand_id, "1001"): [(1000_00, [payout_id])],
        (books.brand_id, "1002"): [(200_00, [])],
        (mugs.brand_id, "1001"): [(300_00, [])],
    }
    books.decide(hold, "1002", "11-10", reason="under_review")
    assert shown(books, "held") == ["1002"]


def test_sales_limit_counts_only_the_customers_of_one_brand(books: Books, mugs: Books) -> None:
    for each, order in ((books, "T-1"), (mugs, "M-1")):
        set_suspicion_setting(each, "many_sales", "2")
        each.sale(order, 100_00, SOLD, customer="c-1")
    assert (held_queue(books), held_queue(mugs)) == ([], [])


def test_each_brand_has_its_own_sales_limit(books: Books, mugs: Books) -> None:
    set_suspicion_setting(mugs, "many_sales", "2")
    report_sales({"anna": books, "mugs": mugs}, SOLD, "first", "second", customer="c-1")
    books.run_jobs(at(SOLD))
    assert (held_queue(books), sorted(order for order, _names in signals(mugs))) == (
        [],
        ["first mugs", "second mugs"],
    )


def test_links_at_another_brand_do_not_make_a_code_suspicious(books: Books, mugs: Books) -> None:
    bob = creator_with_code(books, linked=False)
    mugs.write(
        lambda s: add_member(
            s, at("09-01"), mugs.program_id, "Bob", creator_id=bob.creator_id, code="bobs-mug"
        )
    )
    books.sale("S1", 100_00, SOLD, click=None, coupons=["BOB10"])
    assert held_queue(books) == []


def test_release_does_not_apply_to_a_creator_credited_later(books: Books) -> None:
    set_suspicion_setting(books, "many_sales", "2")
    bob = add_creator(books, "bob", connected=False)
    sold = {"S0": "10-01 12:00", "S1": "10-01 13:00"}
    for order, when in sold.items():
        books.sale(order, 100_00, when, customer="c-1", click=books.click(books.link_id, "10-01 08:00"))
    for order in sold:
        books.decide(release, order, "10-02")
    for order, when in sold.items():
        bobs = books.click(bob.link_id, "10-01 11:30")
        report_again(books, order, 100_00, when, bobs, "10-03", customer="c-1")
    assert sorted(order for order, _names in signals(books)) == ["S0", "S1"]
