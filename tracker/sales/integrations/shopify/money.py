"""Shopify's amounts: a decimal text each, and a set with it in the shop's and in the shopper's currency."""

from typing import Literal

from tracker.sales.integrations.order_fields import child
from tracker.sales.reports.decimals import optional_decimal_minor
from tracker.sales.reports.fields import Fields

MoneyView = Literal["shop_money", "presentment_money"]


def shop_minor(fields: Fields, name: str, currency: str) -> int | None:
    """Of `{name}_set` in the shop's currency, else of `name` itself; None when both are absent.

    Raises Invalid when the set is in another currency than the order.
    """
    found = child(child(fields, f"{name}_set"), "shop_money")
    if found.values.get("amount") is None:
        return optional_decimal_minor(fields, name, currency)
    if found.values.get("currency_code") != currency:
        raise found.wrong("currency_code", f"is not {currency}, which the order says is the shop's")
    return optional_decimal_minor(found, "amount", currency)


def money_set_minor(fields: Fields, name: str, view: MoneyView, currency: str) -> int | None:
    """Of a set in one of its two currencies; None when it has none, or another one."""
    found = child(child(fields, name), view)
    if found.values.get("currency_code") != currency:
        return None
    return optional_decimal_minor(found, "amount", currency)
