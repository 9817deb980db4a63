"""A run for one brand, and in it the payment of one creator, does not affect others."""

from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import select

from config.database import read_session
from payouts.settlement.models import Payout
from payouts.transfers import commands as payout_commands
from payouts.transfers.models import Payee
from payouts.transfers.planning.preparation import prepare
from payouts.transfers.sending.run import PayoutRun
from tests.cast.books import Books, add_creator, at
from tests.cast.months import (
    DECEMBER,
    DEFAULT_SEED,
    NOVEMBER,
    BooksByName,
    add_booking,
    attempts_of,
    later,
    names_changed_by,
    only_payout,
    open_three_books,
    pay_october_from_deposit,
    payouts_of,
    refund_sales,
    report_sales,
    return_payouts,
    seal,
    seed_after,
    transfers_in,
)
from tests.harness.databases.snapshots import POSTGRESQL_NIGHTLY, Snapshot, database_seed_for
from tests.payouts.statements.test_review import statement_id
from tests.payouts.transfers.runs.provider import at_terminal
from tests.payouts.transfers.runs.test_adoption import adopt_transfer, manual_transfer

pytestmark = POSTGRESQL_NIGHTLY

PAYDAY = NOVEMBER.payday


def seed_until_payday(books: Books) -> BooksByName:
    """October's payouts were returned after their sales were disputed; November's are not made yet."""
    books_by_name = open_three_books(books)
    report_sales(books_by_name, "10-01", "returned")
    payout_ids = [*pay_october_from_deposit(books), *pay_october_from_deposit(books_by_name["mugs"])]
    report_sales(books_by_name, "11-20", "refunded")
    for name, each in books_by_name.items():
        each.dispute(f"returned {name}", "opened", 1000_00, "11-21")
    for each in (books, books_by_name["mugs"]):
        add_booking(each, 180_00, "11-22")
        seal(each, NOVEMBER)
    return_payouts(books, payout_ids, "12-08")
    return books_by_name


database_seed = database_seed_for(books_by_name=seed_after(seed_until_payday), books=DEFAULT_SEED)


@pytest.fixture
def books_by_name(snapshot: Snapshot, books: Books) -> BooksByName:
    """On November's payday Anna is to be paid by either brand, and Bob is not."""
    return {
        name: replace(each, settings=books.settings, databases=books.databases, sandbox=books.sandbox)
        for name, each in snapshot.known[1].items()
    }


def prepared(books: Books) -> None:
    statement = statement_id(books, NOVEMBER.name)
    books.write(lambda s: prepare(s, at(PAYDAY), statement, books.creator_id))


def run(books: Books) -> PayoutRun:
    return books.run(PAYDAY)


def test_prepare_reapplies_holds_for_its_brand_and_creator_only(books_by_name: BooksByName) -> None:
    for name, each in books_by_name.items():
        assert names_changed_by(each.databases, "returned", partial(prepared, each)) == {name}


def test_run_enters_pending_reports_of_its_brand_only(books_by_name: BooksByName) -> None:
    refund_sales(books_by_name, PAYDAY)
    for name, done in (("anna", {"anna", "bob"}), ("mugs", {"mugs"})):
        each = books_by_name[name]
        assert names_changed_by(each.databases, "refunded", partial(run(each).pay, each.brand_id)) == done


def test_sending_enters_pending_reports_of_the_paid_creators_only(books_by_name: BooksByName) -> None:
    senders = [books_by_name["anna"], books_by_name["mugs"]]
    for each in senders:
        prepared(each)
    refund_sales(books_by_name, PAYDAY)
    for name in ("anna", "mugs"):
        each = books_by_name[name]
        send = partial(run(each).send_prepared, each.brand_id)
        assert names_changed_by(each.databases, "refunded", send) == {name}


def test_retry_enters_pending_reports_of_its_brand_only(books_by_name: BooksByName) -> None:
    anna = books_by_name["anna"]
    anna.sandbox.control.queue_fault("403_before")
    (payout_id,) = run(anna).pay(anna.brand_id).failed
    refund_sales(books_by_name, PAYDAY)
    (payout,) = [each for each in payouts_of(anna) if each.id == payout_id]
    assert names_changed_by(anna.databases, "refunded", lambda: run(anna).retry(payout)) == {"anna", "bob"}


def newest(books: Books) -> Payout:
    return payouts_of(books)[-1]


def accounts(books: Books) -> dict[str, str]:
    """Accounts at the rail, by brand and creator."""
    with read_session(books.databases.main) as session:
        return {each.brand_id + each.creator_id: each.account_ref for each in session.scalars(select(Payee))}


def test_seal_cancels_unsent_payouts_of_its_brand_and_currency_only(books_by_name: BooksByName) -> None:
    anna, mugs = books_by_name["anna"], books_by_name["mugs"]
    for each in (anna, mugs):
        prepared(each)
    add_booking(anna, 9_000, "12-20", currency="JPY")
    anna.end("2026-12", DECEMBER.closing)
    anna.approve("2026-12", DECEMBER.approval, "JPY")
    assert (newest(anna).state, newest(mugs).state) == ("prepared", "prepared")
    anna.approve("2026-12", DECEMBER.approval)
    assert (newest(anna).state, newest(mugs).state) == ("cancelled", "prepared")


def test_only_the_account_for_the_paying_brand_is_read_and_paid(
    books_by_name: BooksByName,
) -> None:
    anna, mugs = books_by_name["anna"], books_by_name["mugs"]
    own = accounts(mugs)[mugs.brand_id + mugs.creator_id]
    before = len(mugs.sandbox.control.requests())
    add_booking(mugs, 500_00, "12-01", kind="deposit")
    (payout_id,) = mugs.run(PAYDAY, rail_shared=True).pay(mugs.brand_id).paid
    asked = [each["path"] for each in mugs.sandbox.control.requests()[before:]]
    assert [path for path in asked if "accounts/" in path] == [f"/v2/core/accounts/{own}"]
    (transfer,) = [each for each in transfers_in(mugs.sandbox) if each["transfer_group"] == payout_id]
    assert transfer["destination"] == own != accounts(mugs)[anna.brand_id + anna.creator_id]


def test_the_list_shows_only_payouts_of_the_brand(books_by_name: BooksByName) -> None:
    with at_terminal(books_by_name["anna"], PAYDAY) as terminal:
        for each in (books_by_name["anna"], books_by_name["mugs"]):
            listed = terminal.ask("payout", "list", "--brand", each.brand_id)
            assert sorted(row["id"] for row in listed) == [payout.id for payout in payouts_of(each)]


def test_the_list_is_read_by_pages_and_goes_on_after_a_payout(
    anna_and_bert: tuple[Books, Books], monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, _ = anna_and_bert
    pay_all = anna.run(PAYDAY).pay(anna.brand_id)
    assert len(pay_all.paid) == 2
    with at_terminal(anna, PAYDAY) as terminal:
        whole = terminal.ask("payout", "list", "--brand", anna.brand_id)
        assert [each["id"] for each in whole] == sorted((each["id"] for each in whole), reverse=True)
        assert whole == [terminal.ask("payout", "show", each["id"]) for each in whole]
        assert all(each["items"] and each["attempts"] for each in whole)
        monkeypatch.setattr(payout_commands, "PAGE_SIZE", 1)
        assert terminal.ask("payout", "list", "--brand", anna.brand_id) == whole
        first = terminal.ask("payout", "list", "--brand", anna.brand_id, "--limit", "1")
        rest = terminal.ask("payout", "list", "--brand", anna.brand_id, "--after", first[0]["id"])
        assert [*first, *rest] == whole
        assert "no payout pay_x" in terminal.refused(
            "payout", "list", "--brand", anna.brand_id, "--after", "pay_x"
        )


@pytest.fixture
def anna_and_bert(books: Books) -> tuple[Books, Books]:
    """80 EUR are authorised for each."""
    bert = add_creator(books, "bert")
    for each in (books, bert):
        add_booking(each, 80_00, "11-20")
    seal(books, NOVEMBER)
    return books, bert


def test_giving_up_one_payout_does_not_affect_another(anna_and_bert: tuple[Books, Books]) -> None:
    anna, bert = anna_and_bert
    anna.sandbox.control.queue_fault("drop_before", times=2)
    assert len(run(anna).pay(anna.brand_id).unknown) == 2
    for given_up, other in ((bert, anna), (anna, bert)):
        state = only_payout(other).state
        assert anna.run(later(PAYDAY, hours=25)).give_up(only_payout(given_up).id)
        assert (only_payout(given_up).state, only_payout(other).state) == ("failed", state)
        assert anna.faults(later(PAYDAY, hours=26)) == []


def test_retry_of_one_payout_does_not_affect_another(
    anna_and_bert: tuple[Books, Books],
) -> None:
    anna, _bert = anna_and_bert
    anna.sandbox.control.queue_fault("403_before")
    report = run(anna).pay(anna.brand_id)
    assert (len(report.failed), len(report.paid)) == (1, 1)
    assert anna.run(later(PAYDAY, hours=1)).pay(anna.brand_id).paid == report.failed
    assert anna.faults(later(PAYDAY, hours=2)) == []
    payouts = sorted(payouts_of(anna), key=lambda each: each.round)
    numbers = [[attempt.number for attempt in attempts_of(anna, each.id)] for each in payouts]
    assert ([each.round for each in payouts], numbers) == ([1, 2], [[1], [1, 2]])


def test_a_payout_is_sent_again_although_the_transfer_of_another_was_adopted(
    anna_and_bert: tuple[Books, Books],
) -> None:
    anna, _bert = anna_and_bert
    anna.sandbox.control.queue_fault("403_before")
    anna.sandbox.control.queue_fault("drop_before")
    report = run(anna).pay(anna.brand_id)
    (payout_id,) = report.failed
    (creator_id,) = [each.creator_id for each in payouts_of(anna) if each.id == payout_id]
    account = accounts(anna)[anna.brand_id + creator_id]
    adopt_transfer(anna, manual_transfer(anna, account, 80_00, payout_id=payout_id, attempt="2"), PAYDAY)
    assert anna.run(later(PAYDAY, hours=1)).resolve_open_attempts().paid == report.unknown
