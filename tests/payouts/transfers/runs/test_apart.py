"""A run for one brand, and within it the payment of one creator, does nothing that concerns others."""

from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import select

from config.database import read_session
from payouts.settlement.models import Payout
from payouts.transfers.models import Payee
from payouts.transfers.planning.preparation import prepare
from payouts.transfers.sending.run import Run
from tests.harness.databases.snapshots import POSTGRESQL_NIGHTLY, Snapshot, database_seed_for
from tests.payouts.cast import CAST, Books, after, at
from tests.payouts.owners import Owners, come_back, pay_october, refund, sell, three_owners, whose
from tests.payouts.statements.test_review import statement_id
from tests.payouts.transfers.runs.scenes import (
    DECEMBER,
    NOVEMBER,
    add_creator,
    approve_in,
    at_terminal,
    attempts_of,
    faults_of,
    later,
    owe,
    payouts_of,
    run_at,
    seal,
    the_payout,
    transfers_in,
)
from tests.payouts.transfers.runs.test_adoption import adopted, by_hand

pytestmark = POSTGRESQL_NIGHTLY

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


database_seed = database_seed_for(owners=after(play_until_payday), books=CAST)


@pytest.fixture
def owners(snapshot: Snapshot, books: Books) -> Owners:
    """On November's payday there is something for Anna from either brand, and nothing for Bob."""
    return {
        name: replace(each, settings=books.settings, databases=books.databases, sandbox=books.sandbox)
        for name, each in snapshot.known[1].items()
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


def newest(books: Books) -> Payout:
    return payouts_of(books)[-1]


def accounts(books: Books) -> dict[str, str]:
    """At the rail, by brand and creator."""
    with read_session(books.databases.main) as session:
        return {each.brand_id + each.creator_id: each.account_ref for each in session.scalars(select(Payee))}


def test_a_seal_takes_over_what_was_not_sent_of_its_brand_and_currency_only(owners: Owners) -> None:
    anna, mugs = owners["anna"], owners["mugs"]
    for each in (anna, mugs):
        prepared(each)
    owe(anna, 9_000, "12-20", currency="JPY")
    anna.end("2026-12", DECEMBER.closing)
    approve_in(anna, "JPY", "2026-12", DECEMBER.approval)
    assert (newest(anna).state, newest(mugs).state) == ("prepared", "prepared")
    anna.approve("2026-12", DECEMBER.approval)
    assert (newest(anna).state, newest(mugs).state) == ("cancelled", "prepared")


def test_a_creator_is_paid_at_the_account_that_the_brand_has_made_and_no_other_is_asked_about(
    owners: Owners,
) -> None:
    anna, mugs = owners["anna"], owners["mugs"]
    own = accounts(mugs)[mugs.brand_id + mugs.creator_id]
    before = len(mugs.sandbox.control.requests())
    owe(mugs, 500_00, "12-01", kind="deposit")
    (payout_id,) = run_at(mugs, DAY, rail_shared=True).pay(mugs.brand_id).paid
    asked = [each["path"] for each in mugs.sandbox.control.requests()[before:]]
    assert [path for path in asked if "accounts/" in path] == [f"/v2/core/accounts/{own}"]
    (transfer,) = [each for each in transfers_in(mugs.sandbox) if each["transfer_group"] == payout_id]
    assert transfer["destination"] == own != accounts(mugs)[anna.brand_id + anna.creator_id]


def test_a_brand_is_shown_its_own_payouts(owners: Owners) -> None:
    with at_terminal(owners["anna"], DAY) as terminal:
        for each in (owners["anna"], owners["mugs"]):
            listed = terminal.ask("payout", "list", "--brand", each.brand_id)
            assert sorted(told["id"] for told in listed) == [payout.id for payout in payouts_of(each)]


@pytest.fixture
def anna_and_bert(books: Books) -> tuple[Books, Books]:
    """80 EUR for each are authorised."""
    bert = add_creator(books, "bert")
    for each in (books, bert):
        owe(each, 80_00, "11-20")
    seal(books, NOVEMBER)
    return books, bert


def test_a_person_gives_up_one_payout_and_not_another(anna_and_bert: tuple[Books, Books]) -> None:
    anna, bert = anna_and_bert
    anna.sandbox.control.queue_fault("drop_before", times=2)
    assert len(run(anna).pay(anna.brand_id).unknown) == 2
    for given_up, other in ((bert, anna), (anna, bert)):
        state = the_payout(other).state
        assert run_at(anna, later(DAY, hours=25)).give_up(the_payout(given_up).id)
        assert (the_payout(given_up).state, the_payout(other).state) == ("failed", state)
        assert faults_of(anna, later(DAY, hours=26)) == []


def test_what_failed_for_one_is_tried_again_as_if_there_were_no_other(
    anna_and_bert: tuple[Books, Books],
) -> None:
    anna, _bert = anna_and_bert
    anna.sandbox.control.queue_fault("403_before")
    report = run(anna).pay(anna.brand_id)
    assert (len(report.failed), len(report.paid)) == (1, 1)
    assert run_at(anna, later(DAY, hours=1)).pay(anna.brand_id).paid == report.failed
    assert faults_of(anna, later(DAY, hours=2)) == []
    payouts = sorted(payouts_of(anna), key=lambda each: each.round)
    numbers = [[attempt.number for attempt in attempts_of(anna, each.id)] for each in payouts]
    assert ([each.round for each in payouts], numbers) == ([1, 2], [[1], [1, 2]])


def test_a_payout_is_sent_again_although_anothers_transfer_was_adopted_meanwhile(
    anna_and_bert: tuple[Books, Books],
) -> None:
    anna, _bert = anna_and_bert
    anna.sandbox.control.queue_fault("403_before")
    anna.sandbox.control.queue_fault("drop_before")
    report = run(anna).pay(anna.brand_id)
    (payout_id,) = report.failed
    (creator_id,) = [each.creator_id for each in payouts_of(anna) if each.id == payout_id]
    account = accounts(anna)[anna.brand_id + creator_id]
    adopted(anna, by_hand(anna, account, 80_00, payout_id=payout_id, attempt="2"), DAY)
    assert run_at(anna, later(DAY, hours=1)).settle_open().paid == report.unknown
