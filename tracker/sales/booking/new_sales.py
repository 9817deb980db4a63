"""Books new sales of one source: one sale, or many with hardly more SQL statements than one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from config.insert import insert_new
from tracker.errors import Invalid
from tracker.ids import new_id
from tracker.programs.policies import PolicyHistory
from tracker.reasons import Reason
from tracker.sales.attribution.store_attributions import UnattributedSale, attribute
from tracker.sales.event_reasons import EventReason
from tracker.sales.event_texts import error_because
from tracker.sales.orders.models import OrderReference, Sale
from tracker.sales.orders.references import reference_rows
from tracker.sales.reports.normal import SaleReport
from tracker.sales.sources.models import Source
from tracker.times import format_utc

MAX_AGE_BEFORE_BRAND = timedelta(days=31)
"""How long before the creation of its brand a sale may be dated: a shop may send its current month."""


@dataclass(frozen=True)
class NewSale:
    """The first report of a sale, the event that delivered it, and when."""

    event_id: str
    booked_at: datetime
    report: SaleReport


def book_new_sales(
    session: Session,
    source: Source,
    sales: Sequence[NewSale],
    policies: PolicyHistory,
    keys: Sequence[str],
) -> set[str]:
    """Create the sales with their other names and first attributions. Returns the order ids of those booked.

    A sale is left out when its order has one already; the caller has locked the orders. `policies` are those
    of the brand. Raises Invalid for a sale that is dated long before its brand was set up.
    """
    for sale in sales:
        _require_not_before_brand(sale.report, policies.first_effective_at)
    by_sale_id = {new_id("sal", sale.booked_at): sale for sale in sales}
    rows = [_sale_row(source, sale_id, sale) for sale_id, sale in by_sale_id.items()]
    inserted = insert_new(session, Sale, rows)
    booked = {sale_id: sale for sale_id, sale in by_sale_id.items() if sale_id in inserted}
    references = [
        row
        for sale in booked.values()
        for row in reference_rows(
            sale.booked_at, source, sale.event_id, sale.report.order_id, sale.report.references
        )
    ]
    insert_new(session, OrderReference, references)
    unattributed = [
        UnattributedSale(sale_id, sale.booked_at, sale.report) for sale_id, sale in booked.items()
    ]
    if unattributed:
        attribute(session, source.brand_id, unattributed, policies, keys)
    return {sale.report.order_id for sale in booked.values()}


def predates_brand(report: SaleReport, since: datetime) -> bool:
    """Whether a sale is too old. A wrong date would create statements for past years and skip the hold."""
    return report.occurred_at < since - MAX_AGE_BEFORE_BRAND


def _require_not_before_brand(report: SaleReport, since: datetime) -> None:
    if predates_brand(report, since):
        reason = Reason(
            EventReason.DATED_BEFORE_BRAND,
            {
                "order": report.order_id,
                "occurred_at": format_utc(report.occurred_at),
                "days": MAX_AGE_BEFORE_BRAND.days,
                "brand_since": format_utc(since),
            },
        )
        raise error_because(Invalid, reason, field="occurred_at")


def _sale_row(source: Source, sale_id: str, sale: NewSale) -> dict[str, Any]:
    return {
        "id": sale_id,
        "brand_id": source.brand_id,
        "namespace": source.namespace,
        "event_id": sale.event_id,
        "payload_hash": sale.report.content_hash,
        "created_at": sale.booked_at,
        **sale.report.facts(),
    }
