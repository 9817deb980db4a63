"""Sales with the attributions that commissions are made of."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session, aliased

from config.among import among
from tracker.sales.attribution.models import Attribution
from tracker.sales.attribution.serializers import StoredReason, reason_json
from tracker.sales.orders.amounts import AMOUNT_COLUMNS, amounts_from
from tracker.sales.orders.models import Sale
from tracker.sales.reports.sale_amounts import SaleAmounts


class AttributedSale(NamedTuple):
    """What rules read of a sale and of its newest attribution. `reported_at`: when we heard of the sale."""

    attribution_id: str
    revision: int
    enrollment_id: str | None
    terms_id: str | None
    link_id: str | None
    coupon_id: str | None
    click_id: str | None
    reason: str
    reason_code: str | None
    reason_parameters: Mapping[str, Any] | None
    inputs: Mapping[str, Any]
    sale_id: str
    test: bool
    namespace: str
    order_id: str
    occurred_at: datetime
    currency: str
    shopper: str | None
    customer_email_hash: str | None
    checkout_started_at: datetime | None
    reported_at: datetime
    amounts: SaleAmounts


def attributed_sales(session: Session, sale_ids: Sequence[str]) -> list[AttributedSale]:
    """These sales with their newest attributions, in the order of the attributions' ids."""
    amounts = len(AMOUNT_COLUMNS)
    rows = session.connection().execute(_attributed_query(), {"sale_ids": sale_ids})
    return [AttributedSale._make((*row[:-amounts], amounts_from(row[-amounts:]))) for row in rows]


@cache
def _attributed_query() -> Select[*tuple[Any, ...]]:
    """The fields of AttributedSale in their order, the amounts last. Parameter: `sale_ids`."""
    newer = aliased(Attribution)
    is_newest = ~exists().where(newer.sale_id == Attribution.sale_id, newer.revision > Attribution.revision)
    return (
        select(
            Attribution.id,
            Attribution.revision,
            Attribution.enrollment_id,
            Attribution.terms_id,
            Attribution.link_id,
            Attribution.coupon_id,
            Attribution.click_id,
            Attribution.reason,
            Attribution.reason_code,
            Attribution.reason_parameters,
            Attribution.inputs,
            Sale.id,
            Sale.test,
            Sale.namespace,
            Sale.order_id,
            Sale.occurred_at,
            Sale.currency,
            Sale.shopper,
            Sale.customer_email_hash,
            Sale.checkout_started_at,
            Sale.created_at,
            *AMOUNT_COLUMNS,
        )
        .join(Sale, Sale.id == Attribution.sale_id)
        .where(among(Attribution.sale_id, "sale_ids"), is_newest)
        .order_by(Attribution.id)
    )


def evidence_of(attribution_id: str, reason: StoredReason) -> dict[str, Any]:
    """The parameters of a reason that contains the reason of an attribution."""
    return {"attribution": attribution_id, "evidence": reason_json(reason)}
