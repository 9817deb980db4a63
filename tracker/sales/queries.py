"""Queries for sales with their history, and for credited clicks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from tracker.ids import public_id, uuid_lower_bound, uuid_of
from tracker.sales.attribution.models import Attribution
from tracker.sales.booking.models import RefundClaim
from tracker.sales.booking.supporting_claims import refund_claims_of
from tracker.sales.inbox.models import Event
from tracker.sales.inbox.queries import unapplied_events
from tracker.sales.orders.models import (
    Cancellation,
    CumulativeRefund,
    DisputeStatus,
    Refund,
    RefundFailure,
    Sale,
)


@dataclass(frozen=True)
class SaleHistory:
    """A sale and everything that was reported or decided about it, oldest first."""

    sale: Sale
    refunds: Sequence[Refund]
    failed_refund_ids: frozenset[str]
    refund_levels: Sequence[CumulativeRefund]
    refund_claims: Sequence[RefundClaim]
    disputes: Sequence[DisputeStatus]
    cancelled_at: datetime | None
    attributions: Sequence[Attribution]
    parked: Sequence[Event]


def credited_clicks(session: Session, since: datetime) -> list[UUID]:
    """Clicks that were credited at or after `since`, each once. Ids of attributions sort by time."""
    # Ids with the former prefix `att` sort after all of these; returning them again is harmless.
    first = public_id("atr", uuid_lower_bound(since))
    click_ids = select(Attribution.click_id).where(Attribution.id >= first, Attribution.click_id.is_not(None))
    return [uuid_of(each, "clk") for each in session.scalars(click_ids.distinct()) if each is not None]


def sale_history(session: Session, sale: Sale) -> SaleHistory:
    refunds = select(Refund).where(Refund.sale_id == sale.id)
    failed = select(RefundFailure.refund_id).where(RefundFailure.sale_id == sale.id)
    cumulative_refunds = select(CumulativeRefund).where(CumulativeRefund.sale_id == sale.id)
    disputes = select(DisputeStatus).where(DisputeStatus.sale_id == sale.id)
    attributions = select(Attribution).where(Attribution.sale_id == sale.id)
    return SaleHistory(
        sale=sale,
        refunds=session.scalars(refunds.order_by(Refund.occurred_at, Refund.refund_id)).all(),
        failed_refund_ids=frozenset(session.scalars(failed)),
        refund_levels=session.scalars(
            cumulative_refunds.order_by(CumulativeRefund.occurred_at, CumulativeRefund.id)
        ).all(),
        refund_claims=refund_claims_of(session, sale),
        disputes=session.scalars(disputes.order_by(DisputeStatus.occurred_at, DisputeStatus.id)).all(),
        cancelled_at=session.scalar(select(Cancellation.occurred_at).where(Cancellation.sale_id == sale.id)),
        attributions=session.scalars(attributions.order_by(Attribution.revision)).all(),
        parked=unapplied_events(session, sale),
    )
