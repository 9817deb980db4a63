"""Sales at Stripe: Checkout sessions, and invoices of subscriptions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tracker.money import divide_half_up
from tracker.sales.event_reasons import EventReason
from tracker.sales.integrations.stripe.objects import (
    StripeEvent,
    amount,
    child,
    children,
    codes_in,
    currency_of,
    id_of,
    payment_names,
    required_amount,
    signed_amount,
    tokens_in,
)
from tracker.sales.integrations.stripe.reasons import StripeReason
from tracker.sales.reports.customer_hashes import AddressHashes, address_hashes
from tracker.sales.reports.decimals import require_within_limit
from tracker.sales.reports.fields import Fields, describe
from tracker.sales.reports.normal import SaleReport, require_parts_within
from tracker.sales.reports.provider_reports import AnyReport, EvidenceReport, NoEffect, ReferenceReport

Names = tuple[str | None, tuple[str, ...]]
FIRST_INVOICE = "subscription_create"


def session_names(found: Mapping[str, Any]) -> Names:
    """In payment mode the session is the order; in subscription mode its first invoice is."""
    own_id = id_of(found)
    if found.get("mode") == "subscription":
        return id_of(found.get("invoice")), (own_id,) if own_id else ()
    return own_id, payment_names(found)[:1]


def session(event: StripeEvent) -> tuple[AnyReport, ...]:
    """A Checkout session that was completed, or whose delayed payment has arrived."""
    fields = event.object
    mode = fields.values.get("mode")
    if mode == "subscription":
        return _subscription_started(event)
    if mode != "payment":
        return (NoEffect.because(StripeReason.SESSION_SELLS_NOTHING),)
    status = fields.text("payment_status")
    if status == "unpaid":
        return (NoEffect.because(StripeReason.NOT_PAID_YET),)
    if status not in ("paid", "no_payment_required"):
        raise fields.wrong("payment_status", "must be paid, unpaid or no_payment_required")
    return (_paid_session(event),)


def _paid_session(event: StripeEvent) -> SaleReport | NoEffect:
    fields = event.object
    fields.text("id")
    currency = currency_of(fields)
    total = required_amount(fields, "amount_total", currency)
    if total == 0:
        return NoEffect.because(EventReason.NOTHING_PAID)
    details = child(fields, "total_details")
    tax = amount(details, "amount_tax", currency)
    shipping = _shipping(fields, amount(details, "amount_shipping", currency), currency)
    require_parts_within(tax, shipping, total, "amount_total", path=f"{fields.path}.")
    address = _address(fields)
    return SaleReport(
        order_id=event.order_name,
        occurred_at=event.at,
        currency=currency,
        total=total,
        tax=tax,
        shipping=shipping,
        discount=amount(details, "amount_discount", currency),
        click=fields.token("client_reference_id"),
        touches=tokens_in(child(fields, "metadata")),
        coupons=codes_in(fields),
        customer=id_of(fields.values.get("customer")),
        customer_email_hash=address.exact,
        customer_mailbox_hash=address.mailbox,
        checkout_started_at=fields.lenient_time("created", event.received_at),
        test=not event.livemode,
        references=event.references,
    )


def invoice_names(found: Mapping[str, Any]) -> Names:
    """The invoice's id and its payments, from `payment_intent` and `charge` (classic) or `payments`."""
    if not _is_of_subscription(found.get("billing_reason")):
        return None, ()
    names = [*payment_names(found)]
    for payment in children(Fields(dict(found), ""), "payments"):
        names += payment_names(child(payment, "payment").values)
    return id_of(found), tuple(dict.fromkeys(names))


def invoice(event: StripeEvent) -> tuple[AnyReport, ...]:
    """A paid invoice of a subscription. Each is a sale; the first one even at 0, for its customer.

    The part that was covered by the customer's credit balance was not paid: the total is the paid amount, and
    tax and shipping are reduced in proportion.
    """
    fields = event.object
    reason = fields.values.get("billing_reason")
    if not _is_of_subscription(reason):
        return (NoEffect.because(StripeReason.NO_SUBSCRIPTION_INVOICE),)
    fields.text("id")
    currency = currency_of(fields)
    whole = signed_amount(fields, "total", currency)
    if whole is None:
        raise fields.wrong("total", f"must be a whole number of Stripe's units, not {describe(None)}")
    total = max(min(whole, required_amount(fields, "amount_paid", currency)), 0)
    if total == 0 and reason != FIRST_INVOICE:
        return (NoEffect.because(EventReason.NOTHING_PAID),)
    tax, shipping = _invoice_tax(fields, currency), _invoice_shipping(fields, currency)
    if whole > 0:
        require_parts_within(tax, shipping, whole, "total", path=f"{fields.path}.")
    discounts = (amount(part, "amount", currency) for part in children(fields, "total_discount_amounts"))
    address = address_hashes(fields.values.get("customer_email"))
    return (
        SaleReport(
            order_id=event.order_name,
            occurred_at=_paid_at(event),
            currency=currency,
            total=total,
            tax=divide_half_up(tax * total, whole) if total else 0,
            shipping=shipping * total // whole if total else 0,
            discount=require_within_limit(fields, "total_discount_amounts", sum(discounts)),
            touches=_invoice_tokens(fields),
            coupons=codes_in(fields),
            customer=id_of(fields.values.get("customer")),
            customer_email_hash=address.exact,
            customer_mailbox_hash=address.mailbox,
            test=not event.livemode,
            references=event.references,
        ),
    )


def invoice_payment_names(found: Mapping[str, Any]) -> Names:
    """The invoice is the order; its payment is the reference."""
    payment = found.get("payment")
    return id_of(found.get("invoice")), payment_names(payment if isinstance(payment, dict) else {})


def invoice_payment(event: StripeEvent) -> tuple[AnyReport, ...]:
    """Links a payment to its invoice; since 2025-03-31 no other event does."""
    if event.order_id is None:
        raise event.object.wrong("invoice", "must be the id of an invoice")
    if not event.references:
        return (NoEffect.because(StripeReason.PAID_ELSEWHERE),)
    return (ReferenceReport(event.order_id, event.references),)


def _subscription_started(event: StripeEvent) -> tuple[AnyReport, ...]:
    """The session has the evidence for attribution; the amounts come with the first invoice, in any order."""
    fields = event.object
    if event.order_id is None:
        return (NoEffect.because(StripeReason.NO_INVOICE_YET),)
    return (
        EvidenceReport(
            order_id=event.order_id,
            click=fields.token("client_reference_id"),
            touches=tokens_in(child(fields, "metadata")),
            coupons=codes_in(fields),
            references=event.references,
            checkout_started_at=fields.lenient_time("created", event.received_at),
        ),
    )


def _is_of_subscription(reason: Any) -> bool:
    return isinstance(reason, str) and (reason == "subscription" or reason.startswith("subscription_"))


def _shipping(fields: Fields, fallback_minor: int, currency: str) -> int:
    """Shipping without its tax, which is part of the sale's `tax`, whether prices include tax or not."""
    cost = child(fields, "shipping_cost")
    if "amount_total" not in cost.values:
        return fallback_minor
    return max(amount(cost, "amount_total", currency) - amount(cost, "amount_tax", currency), 0)


def _invoice_shipping(fields: Fields, currency: str) -> int:
    return _shipping(fields, amount(fields, "amount_shipping", currency), currency)


def _invoice_tax(fields: Fields, currency: str) -> int:
    """`tax` in the classic format, `total_taxes` since 2025-03-31."""
    if fields.values.get("tax") is not None:
        return amount(fields, "tax", currency)
    name = "total_taxes" if "total_taxes" in fields.values else "total_tax_amounts"
    return sum(amount(part, "amount", currency) for part in children(fields, name))


def _invoice_tokens(fields: Fields) -> tuple[str, ...]:
    """The shop may have stored the token in the subscription's metadata; each invoice has a copy of it."""
    classic = child(child(fields, "subscription_details"), "metadata")
    current = child(child(child(fields, "parent"), "subscription_details"), "metadata")
    return tuple(dict.fromkeys(tokens_in(child(fields, "metadata"), classic, current)))


def _paid_at(event: StripeEvent) -> datetime:
    transitions = child(event.object, "status_transitions")
    if transitions.values.get("paid_at") is None:
        return event.at
    return transitions.unix_time("paid_at", event.received_at)


def _address(fields: Fields) -> AddressHashes:
    details = child(fields, "customer_details").values.get("email")
    return address_hashes(details, fields.values.get("customer_email"))
