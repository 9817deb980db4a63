"""Reconciliation compares both ways, freezes payouts on a difference, and lifts freezes it has covered."""

from datetime import datetime
from functools import partial

import pytest
from sqlalchemy.orm import Session

from config.database import read_session
from payouts.jobs.claims import LeaseLost
from payouts.settlement.freezes import is_frozen, place_freeze
from payouts.settlement.reasons import FreezeReason
from payouts.transfers.reconciliation.reconciliation import Reconciliation, reconcile
from payouts.transfers.sandbox.server import SANDBOX_KEY, SandboxServer
from payouts.transfers.stripe.client import StripeRail
from payouts.transfers.stripe.shapes import Movement
from tests.cast.books import Books, at
from tests.cast.months import OCTOBER, later, only_payout, transfers_in
from tracker.reasons import Reason

COMPARED = later(OCTOBER.payday, hours=2)


def reconciled(books: Books, when: str = COMPARED, sandbox: SandboxServer | None = None) -> Reconciliation:
    return reconcile(books.databases, StripeRail(SANDBOX_KEY, (sandbox or books.sandbox).url), at(when))


def frozen(books: Books) -> bool:
    with read_session(books.databases.main) as session:
        return is_frozen(session)


def freeze(books: Books, when: str = OCTOBER.payday) -> None:
    books.write(
        partial(place_freeze, now=at(when), reason=Reason(FreezeReason.RESTORED), compare_from=at(when))
    )


def test_paid_payout_without_a_transfer_freezes_payouts(paid: Books) -> None:
    freeze(paid)
    with SandboxServer(None) as another:
        found = reconciled(paid, sandbox=another)
    (difference,) = found.differences
    assert str(only_payout(paid).transfer_ref) in difference
    assert (found.clean, frozen(paid)) == (False, True)
    assert reconciled(paid).clean
    assert not frozen(paid)


def test_recently_confirmed_transfer_may_not_be_listed_yet(paid: Books) -> None:
    with SandboxServer(None) as another:
        assert reconciled(paid, later(OCTOBER.payday, minutes=50), another).clean
        assert not reconciled(paid, later(OCTOBER.payday, minutes=70), another).clean


def test_difference_freezes_once_and_is_reported_until_resolved(paid: Books) -> None:
    account = str(transfers_in(paid.sandbox)[0]["destination"])
    rail = StripeRail(SANDBOX_KEY, paid.sandbox.url)
    rail.send_transfer({"amount": 5_00, "currency": "eur", "destination": account}, "by hand")
    for _ in range(2):
        assert not reconciled(paid).clean
    (fault,) = paid.faults(COMPARED)
    assert "frozen: tr_" in fault
    assert not reconciled(paid, later(COMPARED, days=80)).clean  # no matter how long ago it was


def test_transfer_to_a_foreign_account_is_reported_without_a_freeze(paid: Books) -> None:
    rail = StripeRail(SANDBOX_KEY, paid.sandbox.url)
    account = rail.create_payee("somebody else", "else@example.com", "DE", "Somebody Else")
    paid.sandbox.control.complete_onboarding(account)
    sent = {"amount": 5_00, "currency": "eur", "destination": account}
    made = rail.send_transfer(sent, "another business")
    assert rail.reverse_transfer(str(made.transfer_ref), 1_00, "back", {}).kind == "paid"
    found = reconciled(paid)
    assert (found.clean, found.others, frozen(paid)) == (True, [made.transfer_ref], False)


def test_transfer_naming_a_payout_is_unknown_not_foreign(paid: Books) -> None:
    rail = StripeRail(SANDBOX_KEY, paid.sandbox.url)
    account = rail.create_payee("forgotten", "forgotten@example.com", "DE", "Forgotten")
    paid.sandbox.control.complete_onboarding(account)
    sent = {"amount": 5_00, "currency": "eur", "destination": account, "metadata": {"payout_id": "pay_1"}}
    made = rail.send_transfer(sent, "of books that were lost")
    assert reconciled(paid).unknown_transfers == [made.transfer_ref]


def test_transfer_of_an_open_attempt_neither_freezes_nor_unfreezes(sealed: Books) -> None:
    sealed.sandbox.control.queue_fault("drop_after")
    sealed.run(OCTOBER.payday).pay(sealed.brand_id)
    found = reconciled(sealed)
    assert (found.clean, len(found.under_way), frozen(sealed)) == (True, 1, False)
    freeze(sealed)
    assert reconciled(sealed).clean
    assert frozen(sealed)
    assert sealed.run(COMPARED).resolve_open_attempts().paid
    assert reconciled(sealed, later(COMPARED, hours=2)).clean
    assert not frozen(sealed)


class FreezingRail(StripeRail):
    """Places a freeze while the provider is being asked."""

    def __init__(self, books: Books) -> None:
        super().__init__(SANDBOX_KEY, books.sandbox.url)
        self._books = books

    def list_transfer_movements(self, created_after: datetime) -> list[Movement]:
        found = super().list_transfer_movements(created_after)
        freeze(self._books, COMPARED)
        return found


def test_freeze_placed_during_a_comparison_remains(paid: Books) -> None:
    assert reconcile(paid.databases, FreezingRail(paid), at(COMPARED)).clean
    assert frozen(paid)


@pytest.mark.parametrize("clean", [True, False])
def test_comparison_with_a_lost_lease_changes_no_freeze(paid: Books, clean: bool) -> None:
    if clean:
        freeze(paid)

    def lost(_session: Session) -> None:
        raise LeaseLost("another scheduler has the job")

    with SandboxServer(None) as another:
        rail = StripeRail(SANDBOX_KEY, (paid.sandbox if clean else another).url)
        with pytest.raises(LeaseLost):
            reconcile(paid.databases, rail, at(COMPARED), lost)
    assert frozen(paid) == clean
