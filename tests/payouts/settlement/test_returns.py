"""A transfer that comes back is payable again; a transfer that the books do not know is reported."""

import json
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from payouts.settlement.models import Payout
from payouts.settlement.returns import record_return
from payouts.transfers.reconciliation.reconciliation import Reconciliation, reconcile
from payouts.transfers.sandbox.server import SANDBOX_KEY
from payouts.transfers.stripe.client import StripeRail
from tests.cast.books import Books, at, connect_account
from tests.cast.months import DEFAULT_SEED, seed_after
from tests.harness.databases.snapshots import Snapshot, database_seed_for
from tracker.errors import Conflict


def pay_october(books: Books) -> str:
    books.sale("S1", 1000_00, "10-01")
    books.end("2026-10", "11-01 00:05")
    books.approve("2026-10", "11-08")
    (payout_id,) = books.pay("11-09").paid
    return payout_id


PAID = seed_after(pay_october)


database_seed = database_seed_for(paid=PAID, books=DEFAULT_SEED)


@pytest.fixture
def paid(snapshot: Snapshot, books: Books) -> Payout:
    """A payout of 100.00 EUR that was paid."""
    payout: Payout = books.write(lambda s: s.get_one(Payout, snapshot.known[1]))
    return payout


def reconciled(books: Books) -> Reconciliation:
    return reconcile(books.databases, StripeRail(SANDBOX_KEY, books.sandbox.url), at("11-20"))


def reverse_at_the_provider(books: Books, payout: Payout, amount: int) -> None:
    post(books, f"/v1/transfers/{payout.transfer_ref}/reversals", amount=amount)


def post(books: Books, path: str, **parameters: object) -> dict[str, object]:
    """A request by hand, as from the provider's dashboard."""
    request = Request(books.sandbox.url + path, data=urlencode(parameters).encode())
    request.add_header("Authorization", f"Bearer {SANDBOX_KEY}")
    with urlopen(request, timeout=10) as response:
        found: dict[str, object] = json.load(response)
        return found


def test_a_partial_return_is_payable_again_and_the_payout_stays_paid(books: Books, paid: Payout) -> None:
    reverse_at_the_provider(books, paid, 30_00)
    assert reconciled(books).returned == [paid.id]
    assert reconciled(books).returned == []
    assert books.balance().payable_minor == 30_00
    assert books.write(lambda s: s.get_one(Payout, paid.id).state) == "paid"
    assert books.faults() == []


def test_a_whole_return_in_two_parts_makes_the_payout_returned(books: Books, paid: Payout) -> None:
    reverse_at_the_provider(books, paid, 30_00)
    reverse_at_the_provider(books, paid, 70_00)
    assert reconciled(books).returned == [paid.id, paid.id]
    assert books.write(lambda s: s.get_one(Payout, paid.id).state) == "returned"
    assert books.balance().payable_minor == 100_00
    assert books.faults() == []


def test_a_returned_amount_is_paid_with_the_next_statement(books: Books, paid: Payout) -> None:
    reverse_at_the_provider(books, paid, 100_00)
    reconciled(books)
    statement = books.close("2026-11", "12-01 00:05")
    assert statement["equation"]["payments"]["minor"] == 0
    books.approve("2026-11", "12-08")
    assert len(books.pay("12-09").paid) == 1
    assert books.balance().total_minor == 0
    assert books.faults() == []


def test_reversals_cannot_exceed_the_payout(books: Books, paid: Payout) -> None:
    with pytest.raises(Conflict, match="cannot be"):
        books.write(
            lambda s: record_return(
                s, at("11-20"), payout_id=paid.id, reversal_ref="trr_1", amount_minor=100_01
            )
        )
    assert books.balance().payable_minor == 0


def test_a_transfer_made_by_hand_is_reported(books: Books, paid: Payout) -> None:
    account = connect_account(books, top_up="EUR")
    made = post(books, "/v1/transfers", amount=5_00, currency="eur", destination=account)
    found = reconciled(books)
    assert not found.clean
    assert found.unknown_transfers == [made["id"]]
