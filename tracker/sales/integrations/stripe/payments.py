"""Refunds and disputes of payments at Stripe."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from tracker.sales.integrations.stripe.objects import (
    StripeEvent,
    children,
    currency_of,
    id_of,
    payment_names,
    required_amount,
)
from tracker.sales.integrations.stripe.reasons import StripeReason
from tracker.sales.reports.fields import Fields
from tracker.sales.reports.normal import DisputeReport, DisputeStatusName, RefundReport
from tracker.sales.reports.provider_reports import (
    AnyReport,
    AskedDisputeReport,
    NoEffect,
    RefundFailureReport,
    RefundLevelReport,
)

Names = tuple[str | None, tuple[str, ...]]

_VALID_STATUSES = ("pending", "requires_action", "succeeded")
_FAILED_STATUSES = ("failed", "canceled")

_DISPUTES: dict[str, DisputeStatusName] = {
    "warning_needs_response": "opened",
    "warning_under_review": "opened",
    "needs_response": "opened",
    "under_review": "opened",
    "warning_closed": "won",
    "prevented": "won",
    "won": "won",
    "lost": "lost",
}


ASKED = "dispute.asked"
"""The type of a message that Linkledger writes when it has asked how a dispute ended. Stripe sends none."""
_ASKED_FIELDS = ("id", "object", "amount", "currency", "status", "created", "charge", "payment_intent")


def charge_names(found: Mapping[str, Any]) -> Names:
    """Named by the payment intent, like refunds and disputes; an old charge has only its own id."""
    own_id = id_of(found)
    return None, (payment_names(found) or ((own_id,) if own_id else ()))[:1]


def refund(event: StripeEvent) -> tuple[AnyReport, ...]:
    """The refund, and its failure if it has failed."""
    return tuple(_refund(event, event.object))


def refunded_charge(event: StripeEvent) -> tuple[AnyReport, ...]:
    """The cumulative refund of the charge and, in the classic format, its single refunds."""
    fields = event.object
    currency = currency_of(fields)
    refunded_minor = required_amount(fields, "amount_refunded", currency)
    single = [report for each in children(fields, "refunds") for report in _refund(event, each)]
    if refunded_minor == 0 and not single:
        return (NoEffect.because(StripeReason.NOTHING_REFUNDED),)
    cumulative = RefundLevelReport(event.order_name, fields.text("id"), event.at, currency, refunded_minor)
    return (*single, cumulative) if refunded_minor else tuple(single)


def dispute(event: StripeEvent) -> tuple[AnyReport, ...]:
    """Opened at the time the dispute was created; won or lost by the closing event.

    Several events report the same status. All but the closing one only show that there is a dispute, so each
    of them reports it as opened, and any of them may arrive first.
    """
    fields = event.object
    status = _DISPUTES.get(fields.text("status"))
    if status is None:
        raise fields.wrong("status", f"must be one of {', '.join(_DISPUTES)}")
    is_closed = event.type in ("charge.dispute.closed", ASKED)
    if is_closed and status == "opened":
        raise fields.wrong("status", "is not one of a closed dispute")
    currency = currency_of(fields)
    amount_minor = required_amount(fields, "amount", currency)
    if amount_minor == 0:
        raise fields.wrong("amount", "is 0; it must be at least 1")
    report = AskedDisputeReport if event.type == ASKED else DisputeReport
    return (
        report(
            order_id=event.order_name,
            dispute_id=fields.text("id"),
            occurred_at=event.at if is_closed else fields.unix_time("created", event.received_at),
            currency=currency,
            status=status if is_closed else "opened",
            amount=amount_minor,
        ),
    )


def asked_dispute(found: Mapping[str, Any], asked_at: datetime) -> bytes | None:
    """The message with the end of a dispute, from the dispute as Stripe has it; None while it is open.

    Stripe does not say when a dispute ended: what it answers counts from when it was asked. The evidence in
    the dispute, which contains personal data, is left out.
    """
    if _DISPUTES.get(str(found.get("status"))) not in ("won", "lost"):
        return None
    message = {
        "type": ASKED,
        "created": int(asked_at.timestamp()),
        "livemode": found.get("livemode"),
        "data": {"object": {name: found.get(name) for name in _ASKED_FIELDS}},
    }
    return json.dumps(message).encode()


def _refund(event: StripeEvent, fields: Fields) -> Iterator[AnyReport]:
    """A failed refund is reported as a refund and its failure: the events may arrive in either order.

    Both have the time when the refund was created, the only time on which all events about it agree.
    """
    status = fields.optional_text("status") or "succeeded"
    if status not in (*_VALID_STATUSES, *_FAILED_STATUSES):
        raise fields.wrong("status", f"must be one of {', '.join((*_VALID_STATUSES, *_FAILED_STATUSES))}")
    currency = currency_of(fields)
    amount_minor = required_amount(fields, "amount", currency)
    if amount_minor == 0:
        raise fields.wrong("amount", "is 0; it must be at least 1")
    refund_id, created_at = fields.text("id"), fields.unix_time("created", event.received_at)
    yield RefundReport(
        order_id=event.order_name,
        refund_id=refund_id,
        occurred_at=created_at,
        currency=currency,
        amount=amount_minor,
        reason=fields.optional_text("reason"),
    )
    if status in _FAILED_STATUSES:
        yield RefundFailureReport(event.order_name, refund_id, created_at)
