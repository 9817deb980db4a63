"""Fields that Lemon Squeezy's objects have in common: names of orders, amounts, custom data.

The numeric ids of orders, invoices and subscriptions are counted separately, so the same number may occur as
each of them. An order is named by its plain id; invoices and subscriptions get a prefix.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tracker.errors import Invalid
from tracker.money import exponent
from tracker.sales.integrations.order_fields import parse_numeric_id
from tracker.sales.reports.fields import Fields

Names = tuple[str | None, tuple[str, ...]]
"""The id of an order, and other names of it."""

INITIAL = "initial"
_TOKEN_NAMES = ("ll", "linkledger", "_ll", "_linkledger")
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_IDENTIFIER = re.compile(_UUID)
_IDENTIFIER_IN_URL = re.compile(rf"/my-orders/({_UUID})/")


@dataclass(frozen=True)
class LemonEvent:
    """One event. `object` is its data.attributes; `order_id` and `references` are the names of its order."""

    object: Fields
    custom: dict[str, Any]
    order_id: str | None
    references: tuple[str, ...]
    is_test: bool
    received_at: datetime

    @property
    def sold_order_id(self) -> str:
        """The id of the order that this is. Raises Invalid without one."""
        if self.order_id is None:
            raise Invalid("data.id must be a whole number above 0.")
        return self.order_id

    @property
    def order_name(self) -> str:
        """The order's id, or a name by which the order is found. Raises Invalid without both."""
        name = self.order_id or next(iter(self.references), None)
        if name is None:
            raise self.object.wrong("subscription_id", "must be a whole number above 0")
        return name


def order_names(own_id: Any, attributes: dict[str, Any]) -> Names:
    """The order's id; its identifier (a UUID), which URLs contain; and its number, as people write it."""
    identifier, number = attributes.get("identifier"), parse_numeric_id(attributes.get("order_number"))
    names = []
    if isinstance(identifier, str) and _IDENTIFIER.fullmatch(identifier):
        names.append(identifier)
    if number is not None:
        names.append(f"#{number}")
    return parse_numeric_id(own_id), tuple(names)


def invoice_names(own_id: Any, attributes: dict[str, Any]) -> Names:
    """An invoice is an order of its own, except the initial one: its payment is reported by an order."""
    invoice_id = parse_numeric_id(own_id)
    if attributes.get("billing_reason") == INITIAL or invoice_id is None:
        return None, ()
    return f"invoice-{invoice_id}", ()


def refunded_invoice_names(own_id: Any, attributes: dict[str, Any]) -> Names:
    """Like `invoice_names`, but of an initial invoice the other names of the subscription's order.

    The invoice has the id of the subscription and, inside its own URL, the identifier of the order.
    """
    if attributes.get("billing_reason") != INITIAL:
        return invoice_names(own_id, attributes)
    urls = attributes.get("urls")
    url = urls.get("invoice_url") if isinstance(urls, dict) else None
    identifiers = _IDENTIFIER_IN_URL.findall(url) if isinstance(url, str) else []
    return None, (*identifiers[:1], *_subscription_name(attributes.get("subscription_id")))


def subscription_names(own_id: Any, attributes: dict[str, Any]) -> Names:
    """The order with which the subscription began; the subscription is another name of it."""
    return parse_numeric_id(attributes.get("order_id")), _subscription_name(own_id)


def is_order_number(name: str) -> bool:
    return name.startswith("#")


def currency_of(fields: Fields) -> str:
    """The ISO 4217 code. Raises Invalid for a currency whose minor unit is not a hundredth.

    All amounts are documented as "in cents", and not what that means for such a currency.
    """
    currency = fields.currency("currency")
    if exponent(currency) != 2:
        raise fields.wrong(
            "currency",
            f"is {currency}, which has no cents, and in which unit Lemon Squeezy reports its amounts is not "
            "documented. Report the order by hand, then dismiss this event",
        )
    return currency


def tokens_in(custom: dict[str, Any]) -> Iterator[str]:
    """Click tokens in the custom data of the checkout."""
    for name in _TOKEN_NAMES:
        value = custom.get(name)
        if isinstance(value, str) and value:
            yield value


def _subscription_name(subscription_id: Any) -> tuple[str, ...]:
    found = parse_numeric_id(subscription_id)
    return (f"subscription-{found}",) if found else ()
