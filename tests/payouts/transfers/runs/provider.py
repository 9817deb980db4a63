"""The payment provider and the payout commands, as tests of payout runs use them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import time_machine

from config.database import read_session
from payouts.ledger.balances import account_balance_minor
from payouts.ledger.rules import account_id
from payouts.transfers.commands import COMMANDS
from payouts.transfers.sandbox.server import SANDBOX_KEY
from payouts.transfers.stripe.amounts import from_rail_amount
from payouts.transfers.stripe.client import StripeRail
from payouts.transfers.stripe.outcome import Outcome
from tests.cast.api import Terminal
from tests.cast.books import Books, at
from tests.cast.months import payouts_of, transfers_in


def assert_paid_once(books: Books) -> None:
    """Every paid payout is one transfer, every transfer a paid payout, and the books say the same."""
    paid = {each.transfer_ref: each for each in payouts_of(books) if each.state == "paid"}
    transfers = {each["id"]: each for each in transfers_in(books.sandbox)}
    assert set(transfers) == set(paid)
    for reference, transfer in transfers.items():
        payout, currency = paid[reference], transfer["currency"].upper()
        assert from_rail_amount(transfer["amount"], currency) == payout.amount_minor
        assert (currency, transfer["transfer_group"]) == (payout.currency, payout.id)
    for currency in {each.currency for each in paid.values()}:
        with read_session(books.databases.main) as session:
            left = account_balance_minor(session, account_id(books.brand_id, "funding", currency, None))
        assert left == sum(each.amount_minor for each in paid.values() if each.currency == currency)
    assert books.faults("11-10 00:00") == []


class SlowRail(StripeRail):
    """The rail of a slow process: the given functions are called before a request is sent."""

    def __init__(
        self,
        api_base: str,
        *,
        before_balance: Callable[[], object] = lambda: None,
        before_sending: Callable[[], object] = lambda: None,
    ) -> None:
        super().__init__(SANDBOX_KEY, api_base)
        self._before_balance, self._before_sending = before_balance, before_sending

    def available_balance(self, currency: str) -> int:
        self._before_balance()
        return super().available_balance(currency)

    def send_transfer(
        self, params: Mapping[str, Any], idempotency_key: str, api_version: str | None = None
    ) -> Outcome:
        self._before_sending()
        return super().send_transfer(params, idempotency_key, api_version)


@contextmanager
def at_terminal(books: Books, when: str) -> Iterator[Terminal]:
    """The commands about payouts at some time, with the sandbox of the test as their payment provider."""
    with time_machine.travel(at(when)):
        yield Terminal(books.settings, COMMANDS, LINKLEDGER_STRIPE_API_BASE=books.sandbox.url)
