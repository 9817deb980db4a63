"""Before money is reserved and before it is sent, the books must agree; else payouts freeze."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import read_session
from payouts.ledger.models import Account
from payouts.settlement.checks import entry_faults
from payouts.settlement.freezes import active_freezes
from payouts.transfers.planning.guard import freeze_unless_sound
from payouts.transfers.planning.rules import OpenEntry, Selection, Subject
from tests.cast.books import FUNDS_MINOR, Books, add_creator, at
from tests.cast.months import (
    NOVEMBER,
    OCTOBER,
    PAID,
    add_booking,
    only_payout,
    payouts_of,
    seal,
    seed_after,
    transfers_in,
)
from tests.harness.databases.snapshots import database_seed_for
from tests.payouts.selfcheck.test_corruption import corrupted
from tests.payouts.transfers.runs.provider import assert_paid_once
from tracker.errors import Fault

PAID_ITEM_AGAIN = (
    "update payout_item set live = {false} where payout_id in (select id from payout where state = 'paid')"
)
DOUBLED_ITEM = "update payout_item set amount_minor = 2 * amount_minor"


def pay_and_seal(books: Books) -> None:
    add_booking(books, 80_00, "10-20")
    seal(books, OCTOBER)
    assert books.run(OCTOBER.payday).pay(books.brand_id).paid
    add_booking(books, 70_00, "11-20")
    seal(books, NOVEMBER)


database_seed = database_seed_for(paid=PAID, books=seed_after(pay_and_seal))


def freezes(books: Books) -> list[str]:
    with read_session(books.databases.main) as session:
        return [each.message for each in active_freezes(session)]


def payable_accounts(session: Session) -> list[str]:
    return list(session.scalars(select(Account.id).where(Account.kind == "payable")))


def plant(books: Books, change: str) -> None:
    with corrupted(books.databases, change, keep=True):
        pass


@pytest.mark.parametrize("change", [PAID_ITEM_AGAIN, DOUBLED_ITEM])
def test_nothing_is_prepared_for_a_creator_whose_entries_disagree(books: Books, change: str) -> None:
    plant(books, change)
    with pytest.raises(Fault, match="the entries of crt_.* sum to 15000 EUR, but the open ones to"):
        books.run(NOVEMBER.payday).pay(books.brand_id)
    assert [each.state for each in payouts_of(books)] == ["paid"]
    assert (len(transfers_in(books.sandbox)), len(freezes(books))) == (1, 1)


def test_nothing_is_sent_when_a_fault_appears_after_the_payout_was_prepared(books: Books) -> None:
    books.sandbox.control.top_up("EUR", -FUNDS_MINOR)
    assert books.run(NOVEMBER.payday).pay(books.brand_id).waiting
    books.sandbox.control.top_up("EUR", FUNDS_MINOR)
    plant(books, PAID_ITEM_AGAIN)
    with pytest.raises(Fault, match="Payouts are frozen"):
        books.run(NOVEMBER.payday).send_prepared(books.brand_id)
    assert [each.state for each in payouts_of(books)] == ["paid", "prepared"]
    assert len(transfers_in(books.sandbox)) == 1
    with pytest.raises(Fault, match="Payouts are frozen"):
        books.run(NOVEMBER.payday).send_prepared(books.brand_id)
    assert len(freezes(books)) == 1


def test_sound_books_pay_and_place_no_freeze(books: Books) -> None:
    assert books.run(NOVEMBER.payday).pay(books.brand_id).paid
    assert freezes(books) == []
    assert_paid_once(books)


@pytest.mark.parametrize(("reserved", "sound"), [(0, False), (70_00, False), (80_00, True)])
def test_a_payout_above_what_is_payable_freezes(paid: Books, reserved: int, sound: bool) -> None:
    """Nothing is payable any more; the payout's own reservation counts."""
    entry = OpenEntry(None, None, 80_00, at("10-20"), Subject("txn_1"))
    owner = {"brand_id": paid.brand_id, "creator_id": paid.creator_id}
    selection = Selection((entry,), "EUR")
    assert sound == paid.write(
        lambda s: freeze_unless_sound(s, at("11-10"), **owner, selection=selection, reserved_minor=reserved)
    )
    assert ["more than what is payable" in each for each in freezes(paid)] == ([] if sound else [True])


@pytest.mark.parametrize("change", [PAID_ITEM_AGAIN, DOUBLED_ITEM])
def test_the_self_check_compares_open_and_sent_entries_with_all(books: Books, change: str) -> None:
    bert = add_creator(books, "bert")
    add_booking(bert, 10_00, "11-21")
    with corrupted(books.databases, change) as session:
        (found,) = entry_faults(session, payable_accounts(session))
    assert books.creator_id in found.subject_id
    assert "those of sent payouts to" in found.message
    assert only_payout(books).state == "paid"
    with read_session(books.databases.main) as session:
        assert list(entry_faults(session, payable_accounts(session))) == []
