"""What a person does with payouts, as the audit records it; the steps of the engine stand in its own rows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from payouts.settlement.models import Payout
from payouts.settlement.reasons import PayoutReason
from payouts.settlement.transitions import cancel
from payouts.statements.seal import seal_approved
from payouts.transfers.reconciliation.adoption import Adopted, adopt
from payouts.transfers.stripe.shapes import Movement, StripeTransfer
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.chain import INSTALLATION
from tracker.audit.operations import record
from tracker.reasons import Reason


def begin_run(session: Session, now: datetime, brand_id: str, *, actor: Actor) -> None:
    """Seal what is approved, and record that somebody has the payouts of the brand sent."""
    seal_approved(session, now, brand_id)
    record(session, now, actor, Action.PAYOUT_RUN, **about(Subject.BRAND, brand_id, brand_id))


def note_retry(
    session: Session, now: datetime, payout: Payout, *, nothing_was_sent: bool, actor: Actor
) -> None:
    """Record that somebody has a payout retried; `nothing_was_sent` is what they have checked."""
    whose = about(Subject.PAYOUT, payout.id, payout.brand_id)
    before, after = {"state": payout.state}, {"nothing_was_sent": nothing_was_sent}
    record(session, now, actor, Action.PAYOUT_RETRY, **whose, before=before, after=after)


def cancel_by_person(session: Session, now: datetime, payout_id: str, *, words: str, actor: Actor) -> Payout:
    """Cancel a prepared or failed payout. Raises Conflict in any other state."""
    reason = Reason(PayoutReason.CANCELLED_BY_PERSON, {"words": words})
    payout = cancel(session, now, payout_id, reason=reason)
    whose: dict[str, Any] = {**about(Subject.PAYOUT, payout.id, payout.brand_id)}
    whose |= {"personal": {"words": words}, "personal_about": payout.creator_id}
    record(session, now, actor, Action.PAYOUT_CANCEL, **whose, after={"state": payout.state})
    return payout


def adopt_by_person(
    session: Session,
    now: datetime,
    *,
    actor: Actor,
    brand_id: str,
    transfer: StripeTransfer,
    reversals: Sequence[Movement],
) -> Adopted:
    """As `adopt`, which says what it raises."""
    adopted = adopt(session, now, brand_id=brand_id, transfer=transfer, reversals=reversals)
    after = {"transfer": transfer.transfer_ref, "amount": adopted.amount.as_json(), "known": adopted.known}
    record(session, now, actor, Action.PAYOUT_ADOPT, **about(Subject.BRAND, brand_id, brand_id), after=after)
    return adopted


def note_comparison(session: Session, now: datetime, *, actor: Actor) -> None:
    """Record that somebody has the books compared with the payment provider."""
    record(session, now, actor, Action.PAYOUT_RECONCILE, **about(Subject.INSTALLATION, INSTALLATION))
