"""Fields that Stripe's objects have in common: ids and expanded objects, amounts, metadata, discounts."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tracker.errors import Invalid
from tracker.money import MAX_MINOR
from tracker.sales.reports.fields import Fields, describe, is_plain_text
from tracker.stripe_amounts import charge_to_minor

TOKEN_NAMES = ("linkledger", "ll")
MAXIMUM_CODES = 20
_PAYMENT_NAME = re.compile(r"(?:pi|ch|py|cs|in)_[A-Za-z0-9_]{4,150}")


@dataclass(frozen=True)
class StripeEvent:
    """One event. `object` is its data.object; `order_id` and `references` are the names of its order."""

    type: str
    at: datetime
    livemode: bool
    object: Fields
    order_id: str | None
    references: tuple[str, ...]
    received_at: datetime

    @property
    def order_name(self) -> str:
        """The order's id, or the payment by which the order is found. Raises Invalid without both."""
        name = self.order_id or next(iter(self.references), None)
        if name is None:
            raise Invalid(f"{self.object.path} names neither an order nor a payment.")
        return name


def is_payment_name(name: str) -> bool:
    """Whether it is the id of a payment intent, charge, Checkout session or invoice at Stripe."""
    return _PAYMENT_NAME.fullmatch(name) is not None


def id_of(value: Any) -> str | None:
    """The id of an object that Stripe sent as its id or expanded."""
    found = value.get("id") if isinstance(value, dict) else value
    return found if isinstance(found, str) and is_plain_text(found) else None


def payment_names(found: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of the payment intent and the charge, if present; old charges have no payment intent."""
    names = (id_of(found.get("payment_intent")), id_of(found.get("charge")))
    return tuple(name for name in names if name)


def other_names(found: Mapping[str, Any]) -> tuple[str, ...]:
    """Payment intent, charge, and the shop's order number in the metadata.

    A shop that creates the payment itself stores its order number there; WooCommerce's Stripe extension uses
    the key "order_id".
    """
    metadata = found.get("metadata")
    order = metadata.get("order_id") if isinstance(metadata, dict) else None
    own = id_of(found) if found.get("object") == "charge" else None
    names = (*payment_names(found), own, order if is_plain_text(order) else None)
    return tuple(name for name in names if name)


def child(fields: Fields, name: str) -> Fields:
    """A nested object; empty when it is absent, or present only as an id."""
    value = fields.values.get(name)
    return Fields(value if isinstance(value, dict) else {}, f"{fields.path}.{name}")


def children(fields: Fields, name: str) -> Iterator[Fields]:
    """The objects of a list, or of Stripe's list object, which has them in `data`."""
    value = fields.values.get(name)
    if isinstance(value, dict):
        value = value.get("data")
    for index, entry in enumerate(value if isinstance(value, list) else []):
        if isinstance(entry, dict):
            yield Fields(entry, f"{fields.path}.{name}[{index}]")


def currency_of(fields: Fields) -> str:
    """The ISO 4217 code in upper case; Stripe writes it in lower case. Raises Invalid."""
    written = fields.text("currency")
    return Fields({"currency": written.upper()}, fields.path).currency("currency")


def signed_amount(fields: Fields, name: str, currency: str) -> int | None:
    """An amount in ISO minor units, converted from Stripe's units; None when absent. Raises Invalid."""
    value = fields.values.get(name)
    if value is None:
        return None
    if type(value) is not int:
        raise fields.wrong(name, f"must be a whole number of Stripe's units, not {describe(value)}")
    if abs(value) > MAX_MINOR:
        raise fields.wrong(name, f"is {str(value)[:40]}; the largest amount accepted is {MAX_MINOR}")
    try:
        minor = charge_to_minor(value, currency)
    except Invalid as error:
        raise fields.wrong(name, str(error).rstrip(".")) from None
    if abs(minor) > MAX_MINOR:
        raise fields.wrong(name, f"is {value}; the largest amount accepted is {MAX_MINOR}")
    return minor


def amount(fields: Fields, name: str, currency: str) -> int:
    """Like `signed_amount`, but 0 when absent. Raises Invalid when negative."""
    minor = signed_amount(fields, name, currency) or 0
    if minor < 0:
        raise fields.wrong(name, f"is {minor}; it must be at least 0")
    return minor


def required_amount(fields: Fields, name: str, currency: str) -> int:
    """Like `amount`. Raises Invalid when absent."""
    if fields.values.get(name) is None:
        raise fields.wrong(name, "is missing; it must be a whole number of Stripe's units")
    return amount(fields, name, currency)


def tokens_in(*metadata: Fields) -> tuple[str, ...]:
    """Click tokens in metadata objects, under the names in TOKEN_NAMES."""
    values = [fields.values.get(name) for fields in metadata for name in TOKEN_NAMES]
    return tuple(value for value in values if isinstance(value, str) and value)


def codes_in(fields: Fields) -> tuple[str, ...]:
    """All names of the used discounts: the code that the shopper entered, and the ids of Stripe's objects.

    Stripe sends the code itself only if discounts are expanded, otherwise the id of the promotion code.
    """
    found: list[str | None] = []
    for discount in (*children(fields, "discounts"), child(fields, "discount")):
        promotion = discount.values.get("promotion_code")
        found += [_text(promotion, "code"), id_of(promotion)]
        for holder in (discount, child(discount, "source")):
            coupon = holder.values.get("coupon")
            found += [id_of(coupon), _text(coupon, "name")]
    return tuple(dict.fromkeys(code for code in found if code))[:MAXIMUM_CODES]


def _text(value: Any, name: str) -> str | None:
    found = value.get(name) if isinstance(value, dict) else None
    return found.strip() if isinstance(found, str) and is_plain_text(found) else None
