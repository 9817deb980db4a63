"""Receives new sales in batches: many sales need hardly more SQL statements than one.

This covers only the common case, a message with one sale and nothing else. Any other message is received by
`receive_arrival`. A sale whose order is booked already is applied by `apply_locked`, in the same transaction.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from config.insert import insert_new
from tracker.programs.policies import PolicyHistory, load_policies
from tracker.sales.booking.new_sales import NewSale, book_new_sales, predates_brand
from tracker.sales.inbox.apply_or_park import ReceiveResult, apply_locked, apply_parked
from tracker.sales.inbox.models import Event
from tracker.sales.inbox.parked import standing_of_orders
from tracker.sales.inbox.pending import Arrival, PendingEvent
from tracker.sales.orders.locks import lock_orders
from tracker.sales.reports.normal import SaleReport
from tracker.sales.sources.models import Source
from tracker.sales.sources.operations import get_live_source, has_same_secrets


@dataclass(frozen=True)
class _ReportedSale:
    arrival: Arrival
    report: SaleReport
    is_new: bool
    """Its order is not sold, and no message before it in the batch reports the same order."""

    @property
    def pending(self) -> PendingEvent:
        return self.arrival.pending

    def event_row(self) -> dict[str, Any]:
        """A new sale is applied in the transaction that stores it; any other may be parked instead."""
        if not self.is_new:
            return self.arrival.row("received", None)
        return {**self.arrival.row("applied", None), "applied_at": self.pending.received_at}

    def new_sale(self) -> NewSale:
        return NewSale(self.pending.event_id, self.pending.received_at, self.report)


def receive_batch(
    session: Session, source_id: str, arrivals: Sequence[Arrival], keys: Sequence[str]
) -> dict[str, ReceiveResult]:
    """Store and apply the messages of one source that report a sale and nothing else.

    Returns their results by event id. The other messages are not stored: call `receive_arrival` for each of
    them in its own transaction, because this one has locked orders already. Raises NotFound or Gone.
    """
    source = get_live_source(session.connection(), source_id)
    policies = load_policies(session, source.brand_id)
    reported = [
        (arrival, report)
        for arrival in arrivals
        if has_same_secrets(source, arrival.pending.source)
        and (report := _only_sale(arrival.pending)) is not None
        and not predates_brand(report, policies.first_effective_at)
    ]
    if not reported:
        return {}
    order_ids = sorted({report.order_id for _, report in reported})
    names = sorted({*order_ids, *(name for _, report in reported for name in report.references)})
    lock_orders(session, source.brand_id, source.namespace, names=names, order_ids=order_ids)
    orders = standing_of_orders(session, source, order_ids, names)
    sales = _new_and_repeated(reported, orders.sold)
    stored = insert_new(session, Event, [sale.event_row() for sale in sales])
    new = [sale for sale in sales if sale.is_new and sale.pending.event_id in stored]
    repeated = [sale for sale in sales if not sale.is_new and sale.pending.event_id in stored]
    results = _book_new(session, source, new, policies, keys)
    if orders.has_parked:
        for sale in new:
            apply_parked(session, sale.pending.received_at, sale.pending, keys)
    for sale in repeated:
        received = apply_locked(session, sale.pending.received_at, sale.pending, keys)
        results[sale.pending.event_id] = received
    return results


def _only_sale(pending: PendingEvent) -> SaleReport | None:
    """The sale of a message that reports nothing else, and whose order is the one that it names."""
    if len(pending.reports) != 1 or pending.message is None:
        return None
    [report] = pending.reports
    if isinstance(report, SaleReport) and pending.message.order_id == report.order_id:
        return report
    return None


def _new_and_repeated(
    reported: Sequence[tuple[Arrival, SaleReport]], sold: Collection[str]
) -> list[_ReportedSale]:
    sales, known = [], set(sold)
    for arrival, report in reported:
        sales.append(_ReportedSale(arrival, report, report.order_id not in known))
        known.add(report.order_id)
    return sales


def _book_new(
    session: Session,
    source: Source,
    sales: Sequence[_ReportedSale],
    policies: PolicyHistory,
    keys: Sequence[str],
) -> dict[str, ReceiveResult]:
    booked = book_new_sales(session, source, [sale.new_sale() for sale in sales], policies, keys)
    assert len(booked) == len(sales), "the orders are locked, and none of them was sold"
    event_ids = [sale.pending.event_id for sale in sales]
    return {event_id: ReceiveResult(event_id, "applied", None) for event_id in event_ids}
