"""Control of the sandbox by its owner: over HTTP under /_sandbox/, or called directly."""

from collections.abc import Callable
from typing import Any

from payouts.transfers.sandbox.faults import queue_fault
from payouts.transfers.sandbox.journal import recorded_requests
from payouts.transfers.sandbox.objects.accounts import set_transfers_status
from payouts.transfers.sandbox.objects.balance import PLATFORM, available, move, new_id
from payouts.transfers.sandbox.objects.disputes import set_dispute
from payouts.transfers.sandbox.responses import ApiError, Json
from payouts.transfers.sandbox.store import Store
from payouts.transfers.sandbox.webhooks import DeliveryOrder, deliver


class Control:
    """Amounts are the rail's integers; currencies are case-insensitive."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def top_up(self, currency: str, amount: int) -> int:
        """Add money to the platform's balance (negative: take it away); returns the new available balance."""
        currency = currency.lower()
        with self._store.write() as connection:
            now = self._store.now(connection)
            move(connection, now, PLATFORM, amount, currency, "topup", source=new_id("tu"))
            return available(connection, PLATFORM, currency)

    def pay_out(self, account_id: str, currency: str, amount: int) -> int:
        """Pay a creator's balance out to the bank, as Stripe does daily; returns the remaining balance."""
        currency = currency.lower()
        with self._store.write() as connection:
            now = self._store.now(connection)
            move(connection, now, account_id, -amount, currency, "payout", source=new_id("po"))
            return available(connection, account_id, currency)

    def complete_onboarding(self, account_id: str, status: str = "active") -> None:
        """Let an account receive transfers; other statuses: pending, restricted, unsupported."""
        with self._store.write() as connection:
            set_transfers_status(connection, account_id, status)

    def set_dispute(
        self,
        dispute_id: str,
        status: str,
        amount: int,
        currency: str,
        charge: str,
        payment_intent: str | None = None,
    ) -> None:
        """Let a dispute exist, or change it. `status` is one of Stripe's, such as needs_response or won."""
        dispute = {"id": dispute_id, "status": status, "amount": amount, "currency": currency.lower()}
        with self._store.write() as connection:
            now = self._store.now(connection)
            set_dispute(connection, now, {**dispute, "charge": charge, "payment_intent": payment_intent})

    def queue_fault(self, kind: str, match: str = "POST /v1/transfers", **options: Any) -> None:
        """See the faults module. Options: times, seconds, sticky."""
        with self._store.write() as connection:
            queue_fault(connection, {"kind": kind, "match": match, **options})

    def clear_faults(self) -> None:
        with self._store.write() as connection:
            connection.execute("delete from fault")

    def advance(self, seconds: int) -> int:
        """Move the sandbox's clock forward; returns its new time."""
        return self._store.advance(seconds)

    def counts(self) -> dict[str, int]:
        """How many objects of each kind really exist, whatever responses the callers received."""
        with self._store.read() as connection:
            row = connection.execute(
                "select (select count(*) from account) as accounts,"
                " (select count(*) from transfer) as transfers,"
                " (select count(*) from reversal) as reversals,"
                " (select count(*) from event) as events,"
                " (select count(*) from request) as requests"
            ).fetchone()
        return dict(row)

    def requests(self) -> list[Json]:
        """The API requests so far, oldest first, with their responses."""
        with self._store.read() as connection:
            return recorded_requests(connection)

    def deliver(
        self, url: str, secret: str, *, order: DeliveryOrder = "created", **options: Any
    ) -> list[Json]:
        """See webhooks.deliver."""
        return deliver(self._store, url, secret, order=order, **options)


def control_call(store: Store, method: str, name: str, given: Json) -> Json:
    """POST /_sandbox/{name} with a JSON object as arguments, or GET for a call that only reads."""
    control = Control(store)
    writes: dict[str, Callable[..., Any]] = {
        "top_up": control.top_up,
        "pay_out": control.pay_out,
        "complete_onboarding": control.complete_onboarding,
        "set_dispute": control.set_dispute,
        "faults": control.queue_fault,
        "clear_faults": control.clear_faults,
        "advance": control.advance,
        "deliver": control.deliver,
    }
    reads: dict[str, Callable[..., Any]] = {"counts": control.counts, "requests": control.requests}
    call = (writes if method == "POST" else reads).get(name)
    if call is None:
        known = ", ".join(sorted((*writes, *reads)))
        raise ApiError(f"No {method} /_sandbox/{name}. There are: {known}.", status=404)
    try:
        return {"result": call(**given)}
    except (TypeError, ValueError) as error:
        raise ApiError(f"Wrong arguments for {name}: {error}") from None
