"""Books new sales in batches: many sales need hardly more SQL statements than one.

This covers only the common case, a message with one new sale. Any other message, such as a sale that is
booked already, is processed one by one by `receive_arrival` or `apply_locked`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from config.insert import insert_new
from tracker.ids import new_id
from tracker.programs.policies import PolicyHistory, load_policies
from tracker.sales.attribution.store_attributions import UnattributedSale, attribute
from tracker.sales.booking.book import predates_brand, sale_row
from tracker.sales.inbox.apply_or_park import ReceiveResult, apply_locked, apply_parked
from tracker.sales.inbox.models import Event
from tracker.sales.inbox.parked import has_parked_events
from tracker.sales.inbox.pending import Arrival, PendingEvent
from tracker.sales.orders.locks import lock_orders
from tracker.sales.orders.models import OrderReference, Sale
from tracker.sales.orders.references import reference_rows
from tracker.sales.reports.normal import SaleReport
from tracker.sales.sources.operations import get_live_source, has_same_secrets

# Built once, because batches use it often.
_RESET_TO_RECEIVED = (
    update(Event)
    .where(Event.id.in_(bindparam("event_ids", expanding=True)))
    .values(state="received", applied_at=None)
)


@dataclass(frozen=True)
class _NewSale:
    arrival: Arrival
    report: SaleReport
    sale_id: str

    @property
    def pending(self) -> PendingEvent:
        return self.arrival.pending

    def event_row(self) -> dict[str, Any]:
        """The row in its usual final state; `_apply_one_by_one` resets the others."""
        return {**self.arrival.row("applied", None), "applied_at": self.pending.received_at}


def receive_batch(
    session: Session, source_id: str, arrivals: Sequence[Arrival], keys: Sequence[str]
) -> dict[str, ReceiveResult]:
    """Store and book the messages of one source that report a new sale and nothing else.

    Returns their results by event id. The other messages are not stored: call `receive_arrival` for each of
    them in its own transaction, because this one has locked orders already. Raises NotFound or Gone.
    """
    source = get_live_source(session.connection(), source_id)
    policies = load_policies(session, source.brand_id)
    checked = [each for each in arrivals if has_same_secrets(source, each.pending.source)]
    sales = [
        sale
        for sale in _simple_sales(checked)
        if not predates_brand(sale.report, policies.first_effective_at)
    ]
    if not sales:
        return {}
    order_ids = _order_ids(sales)
    names = (*_references(sales), *order_ids)
    lock_orders(session, source.brand_id, source.namespace, names=names, order_ids=order_ids)
    stored = insert_new(session, Event, [sale.event_row() for sale in sales])
    sales = [sale for sale in sales if sale.pending.event_id in stored]
    booked = insert_new(session, Sale, [_sale_row(sale) for sale in sales])
    known = [sale for sale in sales if sale.sale_id not in booked]
    new = [sale for sale in sales if sale.sale_id in booked]
    return {**_book_new(session, new, policies, keys), **_apply_one_by_one(session, known, keys)}


def _simple_sales(arrivals: Sequence[Arrival]) -> list[_NewSale]:
    found = []
    for arrival in arrivals:
        pending = arrival.pending
        if len(pending.reports) != 1 or pending.message is None:
            continue
        [report] = pending.reports
        if isinstance(report, SaleReport) and pending.message.order_id == report.order_id:
            found.append(_NewSale(arrival, report, new_id("sal", pending.received_at)))
    return found


def _references(sales: Sequence[_NewSale]) -> list[str]:
    return sorted({name for sale in sales for name in sale.report.references})


def _order_ids(sales: Sequence[_NewSale]) -> list[str]:
    return sorted(sale.report.order_id for sale in sales)


def _sale_row(sale: _NewSale) -> dict[str, object]:
    pending = sale.pending
    return sale_row(pending.received_at, pending.source, pending.event_id, sale.report, sale.sale_id)


def _book_new(
    session: Session, sales: Sequence[_NewSale], policies: PolicyHistory, keys: Sequence[str]
) -> dict[str, ReceiveResult]:
    if not sales:
        return {}
    source = sales[0].pending.source
    unattributed = []
    references = []
    for sale in sales:
        at, report = sale.pending.received_at, sale.report
        unattributed.append(UnattributedSale(sale.sale_id, at, report))
        references += reference_rows(at, source, sale.pending.event_id, report.order_id, report.references)
    insert_new(session, OrderReference, references)
    attribute(session, source.brand_id, unattributed, policies, keys)
    if has_parked_events(session, source, _order_ids(sales)):
        for sale in sales:
            apply_parked(session, sale.pending.received_at, sale.pending, keys)
    event_ids = [sale.pending.event_id for sale in sales]
    return {event_id: ReceiveResult(event_id, "applied", None) for event_id in event_ids}


def _apply_one_by_one(
    session: Session, sales: Sequence[_NewSale], keys: Sequence[str]
) -> dict[str, ReceiveResult]:
    """Apply sales whose order is booked already: they may repeat it, differ, or bring new evidence."""
    if not sales:
        return {}
    session.connection().execute(_RESET_TO_RECEIVED, {"event_ids": [sale.pending.event_id for sale in sales]})
    return {
        sale.pending.event_id: apply_locked(session, sale.pending.received_at, sale.pending, keys)
        for sale in sales
    }
