"""Stripe as a kind of source."""

from tracker.sales.integrations.kind import Kind, Role
from tracker.sales.integrations.stripe import events
from tracker.sales.integrations.stripe.objects import is_payment_name
from tracker.sales.integrations.stripe.payments import asked_dispute
from tracker.sales.integrations.stripe.reasons import TEXTS
from tracker.sales.integrations.stripe.trial import trial_order

KIND = Kind(
    "stripe",
    "Stripe",
    read=lambda body, _topic: events.read(body),
    translate=events.translate,
    reasons=TEXTS,
    role=Role.PROVIDER,
    names_orders_freely=True,
    can_support=True,
    is_payment_name=is_payment_name,
    verify=events.verify,
    sign=lambda secret, _external_id, at, body, _topic: events.signed_headers(secret, at, body),
    check_secret=events.check_secret,
    sent_time_field="created",
    asked_dispute=asked_dispute,
    trial_order=trial_order,
    page="docs/connect/stripe.md",
    events="checkout.session.completed, checkout.session.async_payment_succeeded, invoice.paid, "
    "invoice_payment.paid, refund.created, refund.updated, refund.failed, charge.refunded, "
    "charge.dispute.created, charge.dispute.closed",
)
