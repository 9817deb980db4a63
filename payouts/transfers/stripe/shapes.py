"""Our data shapes for Stripe's JSON, and their parsing. Pure. Amounts stay the rail's integers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from payouts.settlement.reasons import PAYOUT_TEXTS, PayoutReason
from payouts.transfers.stripe.amounts import to_rail_amount
from tracker.errors import LinkledgerError
from tracker.reasons import Reason


class RailError(LinkledgerError):
    """A call that moves no money failed; it can be repeated unchanged. code: Stripe's error code, if any."""

    status = 502

    def __init__(self, reason: Reason, code: str | None = None, http_status: int | None = None) -> None:
        super().__init__(PAYOUT_TEXTS.words(reason))
        self.reason = reason
        self.code = code
        self.http_status = http_status


@dataclass(frozen=True)
class PayeeStatus:
    """Whether the creator can be paid, and if not, why.

    requirements: Stripe's names of what the creator has to provide.
    """

    ready: bool
    block: Reason | None
    requirements: tuple[str, ...]

    @property
    def reason(self) -> str | None:
        """Why the creator cannot be paid, in words."""
        return None if self.block is None else PAYOUT_TEXTS.words(self.block)


@dataclass(frozen=True)
class StripeTransfer:
    """A transfer as Stripe has it. Amounts are the rail's integers; the currency is in upper case."""

    transfer_ref: str
    amount: int
    amount_reversed: int
    currency: str
    destination: str
    transfer_group: str | None
    metadata: Mapping[str, str]
    created_at: datetime


@dataclass(frozen=True)
class Movement:
    """A balance transaction of the platform that comes from a transfer.

    amount: the rail's integer, negative when money left. kind: transfer, or transfer_refund for a reversal.
    transfer_ref: the transfer; for a reversal, the transfer that was reversed.
    """

    movement_ref: str
    kind: str
    amount: int
    currency: str
    transfer_ref: str | None
    created_at: datetime


def transfer_parameters(
    *, payout_id: str, attempt: int, amount_minor: int, currency: str, account_ref: str, description: str
) -> dict[str, Any]:
    """The parameters of `send_transfer`, to be stored with the attempt.

    Raises UnsendableAmount when the amount was not floored before.
    """
    return {
        "amount": to_rail_amount(amount_minor, currency),
        "currency": currency.lower(),
        "description": description,
        "destination": account_ref,
        "metadata": {"payout_id": payout_id, "attempt": str(attempt)},
        "transfer_group": payout_id,
    }


def parse_payee_status(account: Mapping[str, Any]) -> PayeeStatus:
    """From a v2 account that was read with configuration.recipient and requirements included."""
    recipient = (account.get("configuration") or {}).get("recipient") or {}
    balance = (recipient.get("capabilities") or {}).get("stripe_balance") or {}
    transfers = balance.get("stripe_transfers") or {}
    entries = (account.get("requirements") or {}).get("entries") or []
    wanted = tuple(str(entry["description"]) for entry in entries if _is_due_from_creator(entry))
    if transfers.get("status") == "active":
        return PayeeStatus(True, None, wanted)
    codes = [str(each["code"]) for each in transfers.get("status_details") or [] if each.get("code")]
    return PayeeStatus(False, Reason(PayoutReason.ACCOUNT_NOT_READY, {"details": codes}), wanted)


def parse_transfer(transfer: Mapping[str, Any]) -> StripeTransfer:
    return StripeTransfer(
        transfer_ref=str(transfer["id"]),
        amount=int(transfer["amount"]),
        amount_reversed=int(transfer["amount_reversed"]),
        currency=str(transfer["currency"]).upper(),
        destination=str(transfer["destination"]),
        transfer_group=transfer["transfer_group"],
        metadata=dict(transfer["metadata"]),
        created_at=datetime.fromtimestamp(transfer["created"], UTC),
    )


def parse_movement(line: Mapping[str, Any]) -> Movement:
    """From a balance transaction, read with its source expanded."""
    source = line["source"]
    if isinstance(source, Mapping):
        # The source is a reversal, which names its transfer, or the transfer itself.
        source = source.get("transfer") or source["id"]
    return Movement(
        movement_ref=str(line["id"]),
        kind=str(line["type"]),
        amount=int(line["amount"]),
        currency=str(line["currency"]).upper(),
        transfer_ref=None if source is None else str(source),
        created_at=datetime.fromtimestamp(line["created"], UTC),
    )


def _is_due_from_creator(entry: Mapping[str, Any]) -> bool:
    deadline = (entry.get("minimum_deadline") or {}).get("status")
    return entry.get("awaiting_action_from") == "user" and deadline in ("currently_due", "past_due")
