"""Lemon Squeezy as a kind of source. Its references are never ids of orders (see objects.py)."""

from tracker.sales.integrations.kind import Kind, Role
from tracker.sales.integrations.lemonsqueezy import events
from tracker.sales.integrations.lemonsqueezy.objects import is_order_number
from tracker.sales.integrations.lemonsqueezy.reasons import TEXTS

KIND = Kind(
    "lemonsqueezy",
    "Lemon Squeezy",
    read=lambda body, _topic: events.read(body),
    translate=events.translate,
    reasons=TEXTS,
    role=Role.SHOP,
    names_orders_freely=True,
    verify=events.verify,
    sign=lambda secret, _external_id, _at, body, _topic: events.signed_headers(secret, body),
    check_secret=events.check_secret,
    makes_secret=True,
    secret_from=events.secret_from,
    is_order_number=is_order_number,
    trial_order=events.trial_order,
    page="docs/connect/lemonsqueezy.md",
    events="order_created, order_refunded, subscription_created, subscription_payment_success, "
    "subscription_payment_refunded",
    signing_hint="and sign them with this secret; copy it into the webhook's field Signing secret:",
)
