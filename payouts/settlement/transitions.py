"""Conditional state transitions of a payout, and the postings that go with them."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from payouts.ledger.batches import post
from payouts.ledger.operations import lock_books
from payouts.ledger.rules import Line
from payouts.settlement.models import Item, Payout
from payouts.settlement.reasons import PAYOUT_TEXTS
from payouts.settlement.states import require_transition
from tracker.errors import Conflict, NotFound
from tracker.reasons import Reason


def locked_payout(session: Session, payout_id: str) -> Payout:
    """The current payout, under its brand's lock. Raises NotFound."""
    payout = session.get(Payout, payout_id)
    if payout is None:
        raise NotFound(f"There is no payout {payout_id}.")
    lock_books(session, payout.brand_id)
    session.refresh(payout)
    return payout


def transition(
    session: Session,
    now: datetime,
    payout: Payout,
    new_state: str,
    *,
    reason: Reason | None = None,
    transfer_ref: str | None = None,
) -> None:
    """Change the state, if it is still the one that was read. Raises Conflict on a concurrent change."""
    require_transition(payout.id, payout.state, new_state)
    changed = session.execute(
        update(Payout)
        .where(Payout.id == payout.id, Payout.state == payout.state)
        .values(
            state=new_state,
            **PAYOUT_TEXTS.columns(reason),
            changed_at=now,
            transfer_ref=transfer_ref or payout.transfer_ref,
        )
        .returning(Payout.id)
        .execution_options(synchronize_session=False)
    )
    if changed.first() is None:
        raise Conflict(f"{payout.id} was changed by another process in the meantime; look at it again.")
    session.refresh(payout)


def post_payout_event(
    session: Session, now: datetime, payout: Payout, event: str, *, effective_at: datetime | None = None
) -> None:
    """Post the payout's whole amount for one event of its current round. `effective_at`: by default `now`."""
    post(
        session,
        now,
        brand_id=payout.brand_id,
        kind=event,
        event_key=_event_key(payout, event),
        inputs={"payout": payout.id, "round": payout.round, "amount_minor": payout.amount_minor},
        lines=[Line(event, payout.amount_minor, payout.currency, payout.creator_id)],
        subject_id=payout.id,
        effective_at=effective_at or now,
    )


def confirmation_key(payout: Payout) -> str:
    """The event key of the transaction that books the payout as paid."""
    return _event_key(payout, "payout_confirmed")


def _event_key(payout: Payout, event: str) -> str:
    return f"{event}:{payout.id}:{payout.round}"


def detach_items(session: Session, payout: Payout) -> None:
    """Detach the items, so that another payout can settle them."""
    session.execute(update(Item).where(Item.payout_id == payout.id, Item.live).values(live=False))


def cancel(session: Session, now: datetime, payout_id: str, *, reason: Reason) -> Payout:
    """Cancel a prepared or failed payout. Raises Conflict in any other state."""
    payout = locked_payout(session, payout_id)
    was_in_transit = payout.state == "prepared"
    transition(session, now, payout, "cancelled", reason=reason)
    if was_in_transit:
        post_payout_event(session, now, payout, "payout_released")
        detach_items(session, payout)
    return payout
