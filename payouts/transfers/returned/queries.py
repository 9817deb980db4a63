"""Reads what came back of transfers, with what was decided about it, and turns it into JSON and text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from payouts.ledger.models import Transaction
from payouts.settlement.models import Payout, TransferReversal
from payouts.settlement.returns import waits_until
from tracker.errors import NotFound
from tracker.money import Money
from tracker.times import format_utc, optional_utc_text

DECISION_WORDS = {"send_again": "send again", "taken_back": "taken back"}


@dataclass(frozen=True)
class ReturnedMoney:
    """One reversal with its owner. `origin_id`: the payout, or the transaction that adopted the transfer."""

    reversal: TransferReversal
    brand_id: str
    creator_id: str
    origin_id: str
    transfer_ref: str
    amount: Money


def returned_money(session: Session, brand_id: str | None = None) -> list[ReturnedMoney]:
    """All that came back, of a brand or of all brands, the newest first."""
    query = _query()
    if brand_id is not None:
        query = query.where(or_(Payout.brand_id == brand_id, Transaction.brand_id == brand_id))
    return [_found(*row) for row in session.execute(query)]


def get_returned_money(session: Session, reversal_ref: str) -> ReturnedMoney:
    """Raises NotFound."""
    row = session.execute(_query().where(TransferReversal.reversal_ref == reversal_ref)).one_or_none()
    if row is None:
        raise NotFound(
            f"Nothing came back under {reversal_ref}. To see what did: linkledger payout returned list"
        )
    return _found(*row)


def returned_of(session: Session, payouts: Sequence[Payout]) -> dict[str, list[dict[str, Any]]]:
    """By payout: what came back of it, as JSON, the oldest first."""
    currencies = {payout.id: payout.currency for payout in payouts}
    found: dict[str, list[dict[str, Any]]] = {payout_id: [] for payout_id in currencies}
    for reversal in session.scalars(
        select(TransferReversal)
        .where(TransferReversal.payout_id.in_(currencies))
        .order_by(TransferReversal.recorded_at, TransferReversal.reversal_ref)
    ):
        assert reversal.payout_id is not None
        found[reversal.payout_id].append(reversal_json(reversal, currencies[reversal.payout_id]))
    return found


def reversal_json(reversal: TransferReversal, currency: str) -> dict[str, Any]:
    return {
        "reversal": reversal.reversal_ref,
        "amount": Money(reversal.amount_minor, currency).as_json(),
        "came_back_at": optional_utc_text(reversal.came_back_at),
        "recorded_at": format_utc(reversal.recorded_at),
        "decision": reversal.decision,
        "decided_at": optional_utc_text(reversal.decided_at),
        "decided_by": _actor_json(reversal),
        "note": reversal.note,
        "waits_until": optional_utc_text(waits_until(reversal)),
    }


def returned_json(each: ReturnedMoney) -> dict[str, Any]:
    return {
        "brand": each.brand_id,
        "creator": each.creator_id,
        "payout": each.reversal.payout_id,
        "adoption": each.reversal.adoption_id,
        "transfer": each.transfer_ref,
        **reversal_json(each.reversal, each.amount.currency),
    }


def returned_text(each: ReturnedMoney, now: datetime) -> str:
    head = f"{each.reversal.reversal_ref}  {each.amount} of {each.origin_id} to {each.creator_id}"
    until = waits_until(each.reversal)
    if until is None:
        return f"{head}: {decision_words(each.reversal)}"
    if until <= now:
        return f"{head}: paid again since {format_utc(until)}, because nobody decided"
    return f"{head}: waits for a decision until {format_utc(until)}, then it is paid again"


def decision_words(reversal: TransferReversal) -> str:
    """Who decided what and when."""
    decision = DECISION_WORDS.get(reversal.decision or "", reversal.decision)
    by = " ".join(filter(None, (reversal.actor_kind, reversal.actor_id)))
    through = f" by {by} ({reversal.entry_point})" if reversal.actor_kind else ""
    note = f": {reversal.note}" if reversal.note else ""
    return f"{decision!r} was decided at {optional_utc_text(reversal.decided_at)}{through}{note}"


def _actor_json(reversal: TransferReversal) -> dict[str, Any] | None:
    if reversal.actor_kind is None:
        return None
    return {"kind": reversal.actor_kind, "id": reversal.actor_id, "entry_point": reversal.entry_point}


def _query() -> Select[TransferReversal, Payout, Transaction]:
    return (
        select(TransferReversal, Payout, Transaction)
        .outerjoin(Payout, Payout.id == TransferReversal.payout_id)
        .outerjoin(Transaction, Transaction.id == TransferReversal.adoption_id)
        .order_by(TransferReversal.recorded_at.desc(), TransferReversal.reversal_ref.desc())
    )


def _found(reversal: TransferReversal, payout: Payout | None, adoption: Transaction | None) -> ReturnedMoney:
    if payout is not None:
        owner = (payout.brand_id, payout.creator_id, payout.id, str(payout.transfer_ref))
        return ReturnedMoney(reversal, *owner, Money(reversal.amount_minor, payout.currency))
    assert adoption is not None, "what came back is of a payout or of an adopted transfer"
    owner = (adoption.brand_id, adoption.subject_id, adoption.id, str(adoption.inputs["transfer"]))
    return ReturnedMoney(reversal, *owner, Money(reversal.amount_minor, adoption.inputs["currency"]))
