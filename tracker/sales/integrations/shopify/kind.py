"""Shopify as a kind of source."""

from tracker.sales.integrations.kind import Kind, Role
from tracker.sales.integrations.shopify import orders
from tracker.sales.integrations.shopify.reasons import TEXTS

KIND = Kind(
    "shopify",
    "Shopify",
    read=orders.read,
    translate=orders.translate,
    reasons=TEXTS,
    role=Role.SHOP,
    names_orders_freely=False,
    verify=orders.verify,
    topic=orders.topic,
    topic_example="orders/paid",
    sign=lambda secret, external_id, _at, body, about: orders.signed_headers(
        secret, external_id, body, about
    ),
    check_secret=orders.check_secret,
    trial_order=orders.trial_order,
    page="docs/connect/shopify.md",
    events="Order payment, Order cancellation, Refund create; format JSON",
)
