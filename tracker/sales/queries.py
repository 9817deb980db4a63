"""Finding what shops have reported."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, or_, select, union
from sqlalchemy.orm import Session, defer

from tracker.errors import Conflict, NotFound
from tracker.ids import lowest_uuid, public_id, uuid_of
from tracker.people.accounts.operations import get_brand
from tracker.sales.booking.models import RefundClaim
from tracker.sales.inbox.unapplied import unsettled_by_sale
from tracker.sales.orders.models import (
    Attribution,
    Cancellation,
    DisputeStatus,
    Event,
    Refund,
    RefundFailure,
    RefundLevel,
    Sale,
    Source,
)
from tracker.sales.orders.reference_models import OrderReference
from tracker.sales.sources.operations import get_source


@dataclass(frozen=True)
class SaleHistory:
    """A sale and everything that was reported or decided about it, oldest first."""

    sale: Sale
    refunds: Sequence[Refund]
    failed_refund_ids: frozenset[str]
    refund_levels: Sequence[RefundLevel]
    refund_claims: Sequence[RefundClaim]
    disputes: Sequence[DisputeStatus]
    cancelled_at: datetime | None
    attributions: Sequence[Attribution]
    parked: Sequence[Event]


def list_events(
    session: Session,
    *,
    source_id: str | None = None,
    brand_id: str | None = None,
    state: str | None = None,
    limit: int = 100,
) -> Sequence[Event]:
    """Newest first, without their bodies. Raises NotFound for the source or the brand."""
    query = select(Event).options(defer(Event.body, raiseload=True))
    if source_id is not None:
        query = query.where(Event.source_id == get_source(session, source_id).id)
    if brand_id is not None:
        query = query.where(
            Event.source_id.in_(_source_ids(Source.brand_id == get_brand(session, brand_id).id))
        )
    if state is not None:
        query = query.where(Event.state == state)
    return session.scalars(query.order_by(Event.received_at.desc(), Event.id.desc()).limit(limit)).all()


def credited_clicks(session: Session, since: datetime) -> list[UUID]:
    """Clicks that a decision since then credits a sale to, each once. Ids of decisions sort by their time."""
    first = public_id("atr", lowest_uuid(since))  # older ones sort after all of these: once more is harmless
    credits = select(Attribution.click_id).where(Attribution.id >= first, Attribution.click_id.is_not(None))
    return [uuid_of(each, "clk") for each in session.scalars(credits.distinct()) if each is not None]


def list_sales(session: Session, brand_id: str, limit: int = 100) -> Sequence[Sale]:
    """The latest first. Raises NotFound for the brand."""
    brand = get_brand(session, brand_id)
    sales = select(Sale).where(Sale.brand_id == brand.id)
    return session.scalars(sales.order_by(Sale.occurred_at.desc(), Sale.id.desc()).limit(limit)).all()


def find_sale(session: Session, brand_id: str, order_id: str, namespace: str | None = None) -> Sale:
    """By its id, else by another name of it, such as its payment or the number that people know it by.

    Raises NotFound, and Conflict when several namespaces of the brand have such an order.
    """
    brand = get_brand(session, brand_id)
    query = select(Sale).where(Sale.brand_id == brand.id, is_called(order_id))
    if namespace is not None:
        query = query.where(Sale.namespace == namespace)
    called = session.scalars(query.order_by(Sale.namespace)).all()
    sales = [sale for sale in called if sale.order_id == order_id] or called
    if not sales:
        raise NotFound(
            f"Brand {brand.id} has no sale of order {order_id!r}. If the shop sent it, see why it is parked: "
            f"linkledger source events --brand {brand.id} --state parked"
        )
    if len(sales) > 1:
        names = ", ".join(sale.namespace for sale in sales)
        raise Conflict(f"Order {order_id!r} exists in several namespaces ({names}); say --namespace.")
    return sales[0]


def is_called(name: str) -> ColumnElement[bool]:
    """That a sale is of the order with this id, or with this other name."""
    named = exists().where(
        OrderReference.brand_id == Sale.brand_id,
        OrderReference.namespace == Sale.namespace,
        OrderReference.order_id == Sale.order_id,
        OrderReference.reference == name,
    )
    return or_(Sale.order_id == name, named)


def sale_history(session: Session, sale: Sale) -> SaleHistory:
    refunds = select(Refund).where(Refund.sale_id == sale.id)
    failed = select(RefundFailure.refund_id).where(RefundFailure.sale_id == sale.id)
    levels = select(RefundLevel).where(RefundLevel.sale_id == sale.id)
    disputes = select(DisputeStatus).where(DisputeStatus.sale_id == sale.id)
    attributions = select(Attribution).where(Attribution.sale_id == sale.id)
    return SaleHistory(
        sale=sale,
        refunds=session.scalars(refunds.order_by(Refund.occurred_at, Refund.refund_id)).all(),
        failed_refund_ids=frozenset(session.scalars(failed)),
        refund_levels=session.scalars(levels.order_by(RefundLevel.occurred_at, RefundLevel.id)).all(),
        refund_claims=claims_about(session, sale),
        disputes=session.scalars(disputes.order_by(DisputeStatus.occurred_at, DisputeStatus.id)).all(),
        cancelled_at=session.scalar(select(Cancellation.occurred_at).where(Cancellation.sale_id == sale.id)),
        attributions=session.scalars(attributions.order_by(Attribution.revision)).all(),
        parked=unsettled_events(session, sale),
    )


def unsettled_events(session: Session, sale: Sale) -> Sequence[Event]:
    """Those that name its order, oldest first, without their bodies: nothing that it earned is released."""
    unsettled = union(
        *(pairs.with_only_columns(Event.id).where(Sale.id == sale.id) for pairs in unsettled_by_sale())
    )
    events = select(Event).options(defer(Event.body, raiseload=True))
    events = events.where(Event.id.in_(select(unsettled.subquery().c.id)))
    return session.scalars(events.order_by(Event.received_at, Event.id)).all()


def claims_about(session: Session, sale: Sale) -> Sequence[RefundClaim]:
    """What supporting sources say went back of it, oldest first; none of it counts."""
    claims = select(RefundClaim).where(RefundClaim.sale_id == sale.id)
    return session.scalars(claims.order_by(RefundClaim.occurred_at, RefundClaim.id)).all()


def _source_ids(*conditions: ColumnElement[bool]) -> Select[str]:
    return select(Source.id).where(*conditions)
