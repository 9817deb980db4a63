"""Sales as JSON values, the same at every entry point. They contain no token."""

from typing import Any

from tracker.money import Money
from tracker.sales.attribution.models import Attribution
from tracker.sales.attribution.serializers import candidates_json, reason_json
from tracker.sales.booking.models import RefundClaim
from tracker.sales.inbox.serializers import event_json
from tracker.sales.orders.amounts import amounts_of
from tracker.sales.orders.models import CumulativeRefund, DisputeStatus, Refund, Sale
from tracker.sales.queries import SaleHistory
from tracker.times import format_utc, optional_utc_text


def sale_json(sale: Sale) -> dict[str, Any]:
    amounts = amounts_of(sale)

    def money(minor: int) -> dict[str, Any]:
        return Money(minor, sale.currency).as_json()

    return {
        "id": sale.id,
        "brand": sale.brand_id,
        "namespace": sale.namespace,
        "order_id": sale.order_id,
        "event": sale.event_id,
        "occurred_at": format_utc(sale.occurred_at),
        "total": money(amounts.total),
        "tax": money(amounts.tax),
        "shipping": money(amounts.shipping),
        "discount": money(amounts.discount),
        "net": money(amounts.net),
        "cost": None if amounts.cost is None else money(amounts.cost),
        "items": sale.items,
        "test": sale.test,
        "ordered_at": optional_utc_text(sale.ordered_at),
        "version_at": optional_utc_text(sale.version_at),
        "excluded": sale.excluded or [],
    }


def sale_history_json(history: SaleHistory) -> dict[str, Any]:
    """A sale with its full history; `attributions` are ordered by revision."""
    currency = history.sale.currency
    return {
        **sale_json(history.sale),
        "refunds": [
            {**_refund(refund, currency), "failed": refund.refund_id in history.failed_refund_ids}
            for refund in history.refunds
        ],
        "refund_levels": [_cumulative_refund(level, currency) for level in history.refund_levels],
        "refund_claims": [refund_claim_json(claim, currency) for claim in history.refund_claims],
        "disputes": [_dispute(step, currency) for step in history.disputes],
        "cancelled_at": optional_utc_text(history.cancelled_at),
        "attributions": [_attribution(attribution) for attribution in history.attributions],
        "parked_events": [event_json(event) for event in history.parked],
    }


def _refund(refund: Refund, currency: str) -> dict[str, Any]:
    return {
        "refund_id": refund.refund_id,
        "event": refund.event_id,
        "occurred_at": format_utc(refund.occurred_at),
        "amount": Money(refund.amount_minor, currency).as_json(),
        "tax": None if refund.tax_minor is None else Money(refund.tax_minor, currency).as_json(),
        "shipping": None
        if refund.shipping_minor is None
        else Money(refund.shipping_minor, currency).as_json(),
        "reason": refund.reason,
        "items": refund.items or [],
        "excluded": refund.excluded or [],
    }


def _cumulative_refund(level: CumulativeRefund, currency: str) -> dict[str, Any]:
    return {
        "payment": level.payment_id,
        "event": level.event_id,
        "occurred_at": format_utc(level.occurred_at),
        "amount": Money(level.amount_minor, currency).as_json(),
    }


def refund_claim_json(claim: RefundClaim, currency: str) -> dict[str, Any]:
    """The amount is null for a failure and for a cancellation."""
    return {
        "kind": claim.kind,
        "id": claim.claim_id or None,
        "source": claim.source_id,
        "event": claim.event_id,
        "occurred_at": format_utc(claim.occurred_at),
        "amount": Money(claim.amount_minor, currency).as_json() if claim.amount_minor else None,
    }


def _dispute(step: DisputeStatus, currency: str) -> dict[str, Any]:
    return {
        "dispute_id": step.dispute_id,
        "status": step.status,
        "event": step.event_id,
        "occurred_at": format_utc(step.occurred_at),
        "amount": Money(step.amount_minor, currency).as_json(),
    }


def _attribution(attribution: Attribution) -> dict[str, Any]:
    return {
        "revision": attribution.revision,
        "enrollment": attribution.enrollment_id,
        "terms": attribution.terms_id,
        "link": attribution.link_id,
        "coupon": attribution.coupon_id,
        "click": attribution.click_id,
        **reason_json(attribution),
        "candidates": candidates_json(attribution),
        "decided_at": format_utc(attribution.decided_at),
    }
