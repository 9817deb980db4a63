"""Sales and refunds at Lemon Squeezy: orders, and invoices of subscriptions.

Every message about an order or an invoice contains all of it, with the cumulative refund. So the message
about a refund reports the sale, too, in case the message about the sale arrives later or never; and the
message about the sale reports a refund that it contains. A refund without its amount is never taken for none:
the message is parked, which holds the commission.
"""

from collections.abc import Collection, Iterator

from tracker.sales.event_reasons import EventReason
from tracker.sales.integrations.lemonsqueezy.objects import INITIAL, LemonEvent, currency_of, tokens_in
from tracker.sales.integrations.lemonsqueezy.reasons import LemonReason
from tracker.sales.integrations.order_fields import parse_numeric_id, split_tokens
from tracker.sales.reports.customer_hashes import address_hashes
from tracker.sales.reports.normal import SaleReport, require_parts_within
from tracker.sales.reports.provider_reports import AnyReport, NoEffect, ReferenceReport, RefundLevelReport

_REFUNDED = "refunded"
_PARTLY_REFUNDED = "partial_refund"
_PAID = ("paid", _PARTLY_REFUNDED, _REFUNDED)
_UNPAID = ("pending", "failed", "void")
_FRAUDULENT = "fraudulent"
_BILLING_REASONS = (INITIAL, "renewal", "updated")

_PAYMENT = "payment"
"""The name of the one payment of an order. The first payment of a subscription is reported by its order and
by its initial invoice; their cumulative refunds would be added if they had different names."""


def order(event: LemonEvent) -> tuple[AnyReport, ...]:
    """The sale. An order at 0 is one, too: it begins a free trial, and says whose customer this is."""
    status = _status(event)
    if status not in _PAID:
        return (NoEffect.because(LemonReason.ORDER_STATUS, status=status),)
    return (_sale(event), *_cumulative_refund(event))


def refunded_order(event: LemonEvent) -> tuple[AnyReport, ...]:
    """The sale and its cumulative refund. An order that turned out to be fraudulent is refunded like any."""
    status = _status(event)
    if status in _UNPAID:
        return (NoEffect.because(LemonReason.ORDER_STATUS, status=status),)
    return (_sale(event), *_cumulative_refund(event, is_about_refund=True))


def payment(event: LemonEvent) -> tuple[AnyReport, ...]:
    """A payment of a subscription. Each is a sale of its own, except the first: its order reports that."""
    if _billing_reason(event) == INITIAL:
        return (NoEffect.because(LemonReason.REPORTED_BY_ORDER),)
    return _later_payment(event, (*_UNPAID, _FRAUDULENT))


def refunded_payment(event: LemonEvent) -> tuple[AnyReport, ...]:
    """The cumulative refund, with the sale if the invoice is one."""
    if _billing_reason(event) == INITIAL:
        refund = tuple(_cumulative_refund(event, is_about_refund=True))
        return refund or (NoEffect.because(LemonReason.NO_REFUND),)
    return _later_payment(event, _UNPAID, is_about_refund=True)


def _later_payment(
    event: LemonEvent, ignored: Collection[str], *, is_about_refund: bool = False
) -> tuple[AnyReport, ...]:
    """The sale and its cumulative refund. An invoice with an ignored status has no effect."""
    status = _status(event)
    if status in ignored:
        return (NoEffect.because(LemonReason.INVOICE_STATUS, status=status),)
    sale = _sale(event)
    if not sale.total:
        return (NoEffect.because(EventReason.NOTHING_PAID),)
    return (sale, *_cumulative_refund(event, is_about_refund=is_about_refund))


def subscription(event: LemonEvent) -> tuple[AnyReport, ...]:
    """Links the subscription to its order, which the initial invoice does not name by its id."""
    if event.order_id is None or not event.references:
        raise event.object.wrong("order_id", "must be a whole number above 0, as data.id must be")
    return (ReferenceReport(event.order_id, event.references),)


def _sale(event: LemonEvent) -> SaleReport:
    """Dated by `created_at`, the one time that all messages about the order have in common.

    `total` was paid, and `tax` is a part of it, whether prices include tax or not. Discount codes and single
    items are not reported.
    """
    fields = event.object
    currency = currency_of(fields)
    total, tax = fields.amount("total"), fields.amount("tax")
    require_parts_within(tax, 0, total, "total", path=f"{fields.path}.")
    click, touches = split_tokens(tokens_in(event.custom))
    address = address_hashes(fields.values.get("user_email"))
    return SaleReport(
        order_id=event.sold_order_id,
        occurred_at=fields.time("created_at", event.received_at),
        currency=currency,
        total=total,
        tax=tax,
        shipping=0,
        discount=fields.optional_amount("discount_total") or 0,
        click=click,
        touches=touches,
        customer=parse_numeric_id(fields.values.get("customer_id")),
        customer_email_hash=address.exact,
        customer_mailbox_hash=address.mailbox,
        test=event.is_test,
        references=event.references,
    )


def _cumulative_refund(event: LemonEvent, *, is_about_refund: bool = False) -> Iterator[RefundLevelReport]:
    """What was refunded so far. `refunded_at` is set by the full refund only; others are dated by the update.

    Raises Invalid when there is a refund, but not how much it is.
    """
    fields = event.object
    currency = currency_of(fields)
    refunded_minor = _refunded_minor(event, is_about_refund)
    if refunded_minor:
        time_field = "refunded_at" if fields.values.get("refunded_at") else "updated_at"
        at = fields.time(time_field, event.received_at)
        yield RefundLevelReport(event.order_name, _PAYMENT, at, currency, refunded_minor)


def _refunded_minor(event: LemonEvent, is_about_refund: bool) -> int:
    """The cumulative refund in minor units; 0 only when nothing was refunded, or nothing was paid.

    `refunded` means in full; in older messages it is 1. Messages from before partial refunds existed have no
    `refunded_amount`.
    """
    fields, status = event.object, _status(event)
    if status == _REFUNDED:
        return fields.amount("total")
    refunded_minor = fields.optional_amount("refunded_amount")
    if refunded_minor:
        return refunded_minor
    if fields.values.get("refunded") in (True, 1):
        return fields.amount("total")
    if (is_about_refund or status == _PARTLY_REFUNDED) and fields.amount("total"):
        raise fields.wrong("refunded_amount", "must be above 0, because something was refunded")
    return 0


def _status(event: LemonEvent) -> str:
    status, known = event.object.text("status"), (*_PAID, *_UNPAID, _FRAUDULENT)
    if status not in known:
        raise event.object.wrong("status", f"must be one of {', '.join(known)}")
    return status


def _billing_reason(event: LemonEvent) -> str:
    reason = event.object.text("billing_reason")
    if reason not in _BILLING_REASONS:
        raise event.object.wrong("billing_reason", f"must be one of {', '.join(_BILLING_REASONS)}")
    return reason
