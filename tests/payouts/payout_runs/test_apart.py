"""A run for one brand, and within it the payment of one creator, does nothing that concerns others."""

from dataclasses import replace
from functools import partial

import pytest

from payouts.transfers.preparation import prepare
from payouts.transfers.run import Run
from tests.payouts.cast import Books, after, at
from tests.payouts.owners import Owners, come_back, pay_october, refund, sell, three_owners, whose
from tests.payouts.payout_runs.scenes import NOVEMBER, owe, payouts_of, run_at, seal
from tests.payouts.statements.test_review import statement_id
from tests.stages import Stage, opening_for

DAY = NOVEMBER.payday


def play_until_payday(books: Books) -> Owners:
    """October's payouts came back after what they had paid was disputed; November's are still to be made."""
    owners = three_owners(books)
    sell(owners, "10-01", "returned")
    payout_ids = [*pay_october(books), *pay_october(owners["mugs"])]
    sell(owners, "11-20", "refunded")
    for name, each in owners.items():
        each.dispute(f"returned {name}", "opened", 1000_00, "11-21")
    for each in (books, owners["mugs"]):
        owe(each, 180_00, "11-22")
        seal(each, NOVEMBER)
    come_back(books, payout_ids, "12-08")
    return owners


opening = opening_for(owners=after(play_until_payday))


@pytest.fixture
def owners(stage: Stage, books: Books) -> Owners:
    """On November's payday there is something for Anna from either brand, and nothing for Bob."""
    return {
        name: replace(each, settings=books.settings, databases=books.databases, sandbox=books.sandbox)
        for name, each in stage.known[1].items()
    }


def prepared(books: Books) -> None:
    statement = statement_id(books, NOVEMBER.name)
    books.write(lambda s: prepare(s, at(DAY), statement, books.creator_id))


def run(books: Books) -> Run:
    return run_at(books, DAY)


def test_preparing_holds_again_what_came_back_from_that_brand_and_creator(owners: Owners) -> None:
    for name, each in owners.items():
        assert whose(each.databases, "returned", partial(prepared, each)) == {name}


def test_a_run_enters_what_waits_at_its_brand(owners: Owners) -> None:
    refund(owners, DAY)
    for name, done in (("anna", {"anna", "bob"}), ("mugs", {"mugs"})):
        each = owners[name]
        assert whose(each.databases, "refunded", partial(run(each).pay, each.brand_id)) == done


def test_sending_enters_what_waits_for_those_who_are_paid(owners: Owners) -> None:
    senders = [owners["anna"], owners["mugs"]]
    for each in senders:
        prepared(each)
    refund(owners, DAY)
    for name in ("anna", "mugs"):
        each = owners[name]
        send = partial(run(each).send_prepared, each.brand_id)
        assert whose(each.databases, "refunded", send) == {name}


def test_a_retry_enters_what_waits_at_its_brand(owners: Owners) -> None:
    anna = owners["anna"]
    anna.sandbox.control.queue_fault("403_before")
    (payout_id,) = run(anna).pay(anna.brand_id).failed
    refund(owners, DAY)
    (payout,) = [each for each in payouts_of(anna) if each.id == payout_id]
    assert whose(anna.databases, "refunded", lambda: run(anna).retry(payout)) == {"anna", "bob"}
