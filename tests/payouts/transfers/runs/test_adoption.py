"""Transfers that the books do not know: they are booked once, and so are their reversals."""

import pytest

from config.database import Databases
from config.settings import Settings
from payouts.settlement.models import Payout
from payouts.transfers.payees import register_payee
from payouts.transfers.reconciliation.adoption import adopt
from payouts.transfers.reconciliation.reconciliation import Reconciliation, reconcile, reversals_of
from payouts.transfers.sandbox.server import SANDBOX_KEY, SandboxServer
from payouts.transfers.stripe.client import StripeRail
from payouts.transfers.stripe.outcome import Outcome
from tests.cast.books import Books, add_brand, at, connect_account, open_books
from tests.cast.months import (
    DEFAULT_SEED,
    NOVEMBER,
    OCTOBER,
    PAID,
    SEALED,
    add_booking,
    attempts_of,
    later,
    only_payout,
    payouts_of,
    seal,
    seal_october,
    seed_after,
    transfers_in,
)
from tests.cast.people import PERSON
from tests.harness.databases.snapshots import database_seed_for
from tests.payouts.transfers.runs.provider import at_terminal
from tracker.errors import Conflict

COMPARED = "11-12"


def rail_of(books: Books) -> StripeRail:
    return StripeRail(SANDBOX_KEY, books.sandbox.url)


def reconciled(books: Books, when: str = COMPARED) -> Reconciliation:
    return reconcile(books.databases, rail_of(books), at(when))


def send_again(books: Books, number: int = 1, key: str = "again") -> str:
    """Send the stored parameters of an attempt of the payout again. Returns the transfer's id."""
    attempt = attempts_of(books, only_payout(books).id)[number - 1]
    return made(rail_of(books).send_transfer(attempt.parameters, key, attempt.api_version))


def made(outcome: Outcome) -> str:
    assert outcome.kind == "paid"
    assert outcome.transfer_ref
    return outcome.transfer_ref


def manual_transfer(books: Books, account: str, amount: int, key: str = "by hand", **metadata: str) -> str:
    parameters = {"amount": amount, "currency": "eur", "destination": account, "metadata": metadata}
    return made(rail_of(books).send_transfer(parameters, key))


def reverse(books: Books, transfer_ref: str, amount: int, key: str = "back") -> None:
    assert rail_of(books).reverse_transfer(transfer_ref, amount, key, {}).kind == "paid"


def adopt_transfer(books: Books, transfer_ref: str, when: str = COMPARED) -> bool:
    """Returns whether the transfer was in the books before."""
    found = rail_of(books).transfer(transfer_ref)
    reversals = reversals_of(rail_of(books), found)

    def work(session: object) -> bool:
        booked = adopt(
            session,  # type: ignore[arg-type]
            at(when),
            brand_id=books.brand_id,
            transfer=found,
            reversals=reversals,
        )
        return booked.known

    return bool(books.write(work))


def test_a_second_transfer_of_a_paid_payout_is_booked_and_offset_later(paid: Books) -> None:
    again = send_again(paid)
    assert reconciled(paid).unknown_transfers == [again]
    assert not adopt_transfer(paid, again)
    assert (only_payout(paid).state, paid.balance().payable_minor) == ("paid", -80_00)
    assert reconciled(paid).clean
    assert paid.faults(later(COMPARED, hours=1)) == []
    add_booking(paid, 140_00, "11-20")
    paid.end(NOVEMBER.name, NOVEMBER.closing)
    paid.approve(NOVEMBER.name, NOVEMBER.approval)
    assert paid.run(NOVEMBER.payday).pay(paid.brand_id).paid
    assert [each.amount_minor for each in payouts_of(paid)] == [80_00, 60_00]
    assert sum(each["amount"] for each in transfers_in(paid.sandbox)) == 220_00


def test_a_payouts_own_transfer_is_not_adopted(paid: Books) -> None:
    with pytest.raises(Conflict, match="in the books as the transfer of pay_"):
        adopt_transfer(paid, str(only_payout(paid).transfer_ref))
    assert paid.balance().payable_minor == 0


def give_up_and_send_again(books: Books) -> None:
    seal_october(books)
    books.sandbox.control.queue_fault("drop_before", times=2)
    (payout_id,) = books.run(OCTOBER.payday).pay(books.brand_id).unknown
    run = books.run(later(OCTOBER.payday, hours=25))
    assert run.give_up(payout_id)
    run.retry(only_payout(books))
    assert only_payout(books).state == "unknown"
    send_again(books, number=1, key=attempts_of(books, payout_id)[0].idempotency_key)


TWICE = seed_after(give_up_and_send_again)


database_seed = database_seed_for(second_attempt_unknown=TWICE, paid=PAID, sealed=SEALED, books=DEFAULT_SEED)


@pytest.fixture
def second_attempt_unknown(books: Books) -> Books:
    """The first attempt was given up and the second is unknown; then the first one's transfer is made."""
    return books


def test_transfer_of_an_abandoned_attempt_is_adopted_and_the_open_one_given_up(
    second_attempt_unknown: Books,
) -> None:
    books = second_attempt_unknown
    payout_id, (transfer,) = only_payout(books).id, transfers_in(books.sandbox)
    with at_terminal(books, later(OCTOBER.payday, hours=50)) as terminal:
        output = terminal.run("payout", "retry", payout_id, "--nothing-was-sent").output
        assert f"payout adopt {transfer['id']}" in output
        terminal.ask("payout", "adopt", transfer["id"], "--brand", books.brand_id)
    with at_terminal(books, later(OCTOBER.payday, hours=53)) as terminal:
        output = terminal.run("payout", "retry", payout_id, "--nothing-was-sent").output
        assert "cannot be retried now" in output
    assert (only_payout(books).state, books.balance().total_minor) == ("failed", 0)
    assert len(transfers_in(books.sandbox)) == 1
    assert books.faults(later(OCTOBER.payday, hours=60)) == []


def test_adopted_transfer_does_not_hide_the_transfer_of_the_open_attempt(
    second_attempt_unknown: Books,
) -> None:
    books = second_attempt_unknown
    (late,) = transfers_in(books.sandbox)
    adopt_transfer(books, late["id"])
    key = attempts_of(books, only_payout(books).id)[1].idempotency_key
    second = send_again(books, number=2, key=key)
    before = len(books.sandbox.control.requests())
    assert books.run(later(OCTOBER.payday, hours=26)).resolve_open_attempts().paid
    sent = [each["method"] for each in books.sandbox.control.requests()[before:]]
    assert "POST" not in sent  # the payout was paid by the adopted transfer, so it is only looked up
    assert (only_payout(books).transfer_ref, books.balance().payable_minor) == (second, -80_00)
    assert books.faults(COMPARED) == []


def test_transfer_of_an_open_attempt_cannot_be_adopted(sealed: Books) -> None:
    sealed.sandbox.control.queue_fault("drop_after")
    sealed.run(OCTOBER.payday).pay(sealed.brand_id)
    (transfer,) = transfers_in(sealed.sandbox)
    with pytest.raises(Conflict, match="To book it as paid, run: linkledger payout retry"):
        adopt_transfer(sealed, transfer["id"])
    assert only_payout(sealed).state == "unknown"


@pytest.mark.parametrize("parts", [(50_00,), (20_00, 30_00)])
def test_reversal_of_an_adopted_transfer_is_payable_again(books: Books, parts: tuple[int, ...]) -> None:
    transfer = manual_transfer(books, connect_account(books, top_up="EUR"), 50_00)
    adopt_transfer(books, transfer)
    assert books.balance().payable_minor == -50_00
    for number, part in enumerate(parts):
        reverse(books, transfer, part, key=f"back {number}")
    assert reconciled(books).returned == [transfer] * len(parts)
    found = reconciled(books)
    assert (found.clean, found.returned, books.balance().payable_minor) == (True, [], 0)
    assert books.faults() == []


def test_reversals_before_the_adoption_reduce_what_the_creator_owes(books: Books) -> None:
    transfer = manual_transfer(books, connect_account(books, top_up="EUR"), 50_00)
    reverse(books, transfer, 40_00)
    assert not adopt_transfer(books, transfer)
    assert books.balance().payable_minor == -10_00
    assert (reconciled(books).returned, books.balance().payable_minor) == ([], -10_00)
    reverse(books, transfer, 10_00, key="the rest")
    assert adopt_transfer(books, transfer)
    assert (reconciled(books).returned, books.balance().payable_minor) == ([], 0)
    assert books.faults() == []


def test_adopting_twice_reports_that_it_was_known(books: Books) -> None:
    transfer = manual_transfer(books, connect_account(books, top_up="EUR"), 50_00)
    with at_terminal(books, COMPARED) as terminal:
        outputs = [
            terminal.run("payout", "adopt", transfer, "--brand", books.brand_id).output for _ in range(2)
        ]
    assert ["was booked as paid" in each for each in outputs] == [True, False]
    assert ["was already in the books" in each for each in outputs] == [False, True]


@pytest.fixture
def two_brands(
    settings: Settings, databases: Databases, sandbox_server: SandboxServer
) -> tuple[Books, Books]:
    """Two brands that pay the same account of the same creator."""
    teas = open_books(settings, databases, sandbox_server)
    mugs = add_brand(teas, same_account=True, since="09-02")
    account = rail_account(teas)
    mugs.write(
        lambda s: register_payee(
            s,
            at("09-03"),
            actor=PERSON,
            brand_id=mugs.brand_id,
            creator_id=mugs.creator_id,
            account_ref=account,
        )
    )
    return teas, mugs


def rail_account(books: Books) -> str:
    add_booking(books, 80_00, "10-20")
    seal(books, OCTOBER)
    books.run(OCTOBER.payday).pay(books.brand_id)
    return str(transfers_in(books.sandbox)[0]["destination"])


def test_a_transfer_of_one_brands_payout_is_not_adopted_by_another(two_brands: tuple[Books, Books]) -> None:
    teas, mugs = two_brands
    add_booking(teas, 60_00, "11-20")
    teas.sandbox.control.top_up("EUR", -20_000_000)
    teas.end(NOVEMBER.name, NOVEMBER.closing)
    teas.approve(NOVEMBER.name, NOVEMBER.approval)
    teas.run(NOVEMBER.payday).pay(teas.brand_id)
    (waiting,) = [each for each in payouts_of(teas) if each.state == "prepared"]
    teas.sandbox.control.top_up("EUR", 20_000_000)
    account = str(transfers_in(teas.sandbox)[0]["destination"])
    transfer = manual_transfer(teas, account, 60_00, payout_id=waiting.id, attempt="1")
    with pytest.raises(Conflict, match=f"--brand {teas.brand_id}"):
        adopt_transfer(mugs, transfer, NOVEMBER.payday)
    assert state_of(teas, waiting) == "prepared"
    adopt_transfer(teas, transfer, NOVEMBER.payday)
    assert state_of(teas, waiting) == "cancelled"


def test_a_transfer_is_adopted_by_one_brand_only(two_brands: tuple[Books, Books]) -> None:
    teas, mugs = two_brands
    transfer = manual_transfer(teas, str(transfers_in(teas.sandbox)[0]["destination"]), 5_00)
    adopt_transfer(teas, transfer)
    with pytest.raises(Conflict, match="already"):
        adopt_transfer(mugs, transfer)
    assert (mugs.balance().payable_minor, teas.balance().payable_minor) == (0, -5_00)


def state_of(books: Books, payout: Payout) -> str:
    return next(each.state for each in payouts_of(books) if each.id == payout.id)
