"""What a person decides about money that came back: it is sent again, or it was taken back.

Each reversal is decided about once (docs/decisions/0090).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from payouts.commissions.entries import current_amount_minor, entries_of
from payouts.ledger.batches import post
from payouts.ledger.models import Posting, Transaction
from payouts.ledger.operations import lock_books
from payouts.ledger.rules import Line
from payouts.settlement.models import Item, Payout, TransferReversal
from payouts.settlement.states import SENT
from payouts.statements.decisions.commissions import decline
from payouts.transfers.returned.queries import ReturnedMoney, decision_words, get_returned_money
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.errors import Conflict, Invalid
from tracker.ids import is_id
from tracker.money import Money


@dataclass(frozen=True)
class Declines:
    """Commissions that are declined because their money was taken back, and why; the creator reads it."""

    commissions: Sequence[str] = ()
    reason_code: str = ""
    evidence: str = ""


@dataclass(frozen=True)
class TakenBack:
    """What taking money back did: the declined amount and the deducted one, which are what came back."""

    declined: Money
    deducted: Money


def send_again(
    session: Session, now: datetime, reversal_ref: str, *, actor: Actor, note: str = ""
) -> ReturnedMoney:
    """Pay what came back with the statement of its period. Raises NotFound, and Conflict as `take_back`."""
    returned = _decide(session, now, reversal_ref, "send_again", actor, note)
    _record(session, now, actor, Action.RETURN_SEND_AGAIN, returned, note)
    return returned


def take_back(
    session: Session,
    now: datetime,
    reversal_ref: str,
    *,
    actor: Actor,
    note: str = "",
    declines: Declines,
    deduct_rest: bool = False,
) -> TakenBack:
    """Book that the creator is not owed what came back: by declines and a deduction of exactly that amount.

    Raises NotFound; Invalid when the declines are more than what came back, or less without `deduct_rest`, or
    are of commissions that the payout had not paid; Conflict when it was decided before, by whom and when, or
    was paid again after its time.
    """
    returned = _decide(session, now, reversal_ref, "taken_back", actor, note)
    amount = returned.amount
    declined_minor = sum(
        _decline(session, now, returned, commission_id, declines, actor)
        for commission_id in declines.commissions
    )
    left_minor = amount.minor - declined_minor
    if left_minor < 0 or (left_minor and not deduct_rest):
        declined = Money(declined_minor, amount.currency)
        raise Invalid(
            f"{amount} came back, but {declined} is declined. Name declines of exactly that amount, or fewer "
            "of them with --deduct-rest. Nothing was written."
        )
    if left_minor:
        _deduct(session, now, returned, left_minor, note)
    done = {"declined": list(declines.commissions), "deducted_minor": left_minor}
    _record(session, now, actor, Action.RETURN_TAKE_BACK, returned, note, **done)
    return TakenBack(Money(declined_minor, amount.currency), Money(left_minor, amount.currency))


def _record(
    session: Session,
    now: datetime,
    actor: Actor,
    action: Action,
    returned: ReturnedMoney,
    note: str,
    **done: object,
) -> None:
    whose = about(Subject.RETURN, returned.reversal.reversal_ref, returned.brand_id)
    after = {"amount": returned.amount.as_json(), "creator": returned.creator_id, **done}
    personal = {"note": note.strip()} if note.strip() else None
    about_creator = returned.creator_id
    record(session, now, actor, action, **whose, after=after, personal=personal, personal_about=about_creator)


def _decide(
    session: Session, now: datetime, reversal_ref: str, decision: str, actor: Actor, note: str
) -> ReturnedMoney:
    """Store the decision, unless there is one or the money was sent again."""
    returned = get_returned_money(session, reversal_ref)
    lock_books(session, returned.brand_id)
    if (payout_id := _sent_again_by(session, returned.reversal)) is not None:
        raise Conflict(f"{reversal_ref} was paid again by {payout_id}: nothing is left to decide.")
    decided = session.execute(
        update(TransferReversal)
        .where(TransferReversal.reversal_ref == reversal_ref, TransferReversal.decision.is_(None))
        .values(decision=decision, decided_at=now, note=note.strip() or None, **actor.columns())
        .returning(TransferReversal.reversal_ref)
        .execution_options(synchronize_session=False)
    ).first()
    session.refresh(returned.reversal)
    if decided is None:
        raise Conflict(f"{reversal_ref}: {decision_words(returned.reversal)}. Nothing was changed.")
    return returned


def _sent_again_by(session: Session, reversal: TransferReversal) -> str | None:
    """The sent payout that has settled what came back, if its time to decide has passed."""
    return session.scalar(
        select(Payout.id)
        .join(Item, Item.payout_id == Payout.id)
        .join(Posting, Posting.id == Item.posting_id)
        .where(Posting.transaction_id == reversal.transaction_id, Item.live, Payout.state.in_(SENT))
    )


def _decline(
    session: Session,
    now: datetime,
    returned: ReturnedMoney,
    commission_id: str,
    declines: Declines,
    actor: Actor,
) -> int:
    """Decline a commission that the payout had paid. Returns the amount that this takes from the creator."""
    _require_paid_by(session, returned, commission_id)
    before_minor = current_amount_minor(entries_of(session, commission_id))
    decline(
        session,
        now,
        commission_id,
        reason=declines.reason_code,
        note=declines.evidence,
        evidence=declines.evidence,
        reversal_ref=returned.reversal.reversal_ref,
        actor=actor,
    )
    return before_minor


def _require_paid_by(session: Session, returned: ReturnedMoney, commission_id: str) -> None:
    paid = exists().where(
        Item.payout_id == returned.reversal.payout_id,
        Item.live,
        Posting.id == Item.posting_id,
        Transaction.id == Posting.transaction_id,
        Transaction.subject_id == commission_id,
    )
    if not is_id(commission_id, "com") or not session.scalar(select(paid)):
        raise Invalid(
            f"{commission_id} is not a commission that {returned.origin_id} paid. Nothing was written."
        )


def _deduct(session: Session, now: datetime, returned: ReturnedMoney, amount_minor: int, note: str) -> None:
    """The deduction belongs to what came back, by its subject, so it lowers no other money."""
    words = f"taken back with {returned.reversal.reversal_ref}"
    adopted = {} if returned.reversal.payout_id else {"transfer": returned.transfer_ref}
    post(
        session,
        now,
        brand_id=returned.brand_id,
        kind="deduction",
        event_key=f"taken_back:{returned.reversal.reversal_ref}",
        inputs={
            "kind": "deduction",
            "creator": returned.creator_id,
            "amount_minor": amount_minor,
            "currency": returned.amount.currency,
            "reason": f"{words}: {note.strip()}" if note.strip() else words,
            "reversal": returned.reversal.reversal_ref,
            **adopted,
        },
        lines=[Line("deduction", amount_minor, returned.amount.currency, returned.creator_id)],
        subject_id=returned.origin_id,
        effective_at=now,
    )
