"""Shopify's amounts: a decimal string, and a set with the amount in the shop's and the shopper's currency."""

from typing import Literal

from tracker.sales.integrations.order_fields import child
from tracker.sales.reports.decimals import optional_decimal_minor
from tracker.sales.reports.fields import Fields

MoneyView = Literal["shop_money", "presentment_money"]


def shop_minor(fields: Fields, name: str, currency: str) -> int | None:
    """Minor units of `{name}_set` in the shop's currency, else of `name`; None when both are absent.

    Raises Invalid when the set is in a currency other than `currency`, the order's.
    """
    found = child(child(fields, f"{name}_set"), "shop_money")
    if found.values.get("amount") is None:
        return optional_decimal_minor(fields, name, currency)
    if found.values.get("currency_code") != currency:
        raise found.wrong("currency_code", f"is not {currency}, which the order says is the shop's")
    return optional_decimal_minor(found, "amount", currency)


def money_set_minor(fields: Fields, name: str, view: MoneyView, currency: str) -> int | None:
    """Minor units of a set in one of its two currencies; None when absent or not in `currency`."""
    found = child(child(fields, name), view)
    if found.values.get("currency_code") != currency:
        return None
    return optional_decimal_minor(found, "amount", currency)
