"""Shopify's refunds: the refunded amount, and its tax and shipping parts where they can be determined."""

from dataclasses import dataclass
from datetime import datetime

from tracker.sales.integrations.order_fields import child, children, require_numeric_id
from tracker.sales.integrations.shopify.money import MoneyView, money_set_minor
from tracker.sales.integrations.shopify.reasons import ShopifyReason
from tracker.sales.reports.decimals import decimal_minor, require_within_limit
from tracker.sales.reports.fields import Fields
from tracker.sales.reports.normal import RefundReport
from tracker.sales.reports.provider_reports import AnyReport, NoEffect

_FAILED = ("failure", "error")


@dataclass(frozen=True)
class _Parts:
    """The parts that a refund states, in minor units. It does not state whether they include their tax."""

    lines_minor: int
    line_tax_minor: int
    shipping_minor: int
    shipping_tax_minor: int

    @property
    def total_if_tax_added_minor(self) -> int:
        return self.lines_minor + self.line_tax_minor + self.shipping_minor + self.shipping_tax_minor

    @property
    def total_if_tax_included_minor(self) -> int:
        return self.lines_minor + self.shipping_minor


def refund(fields: Fields, received_at: datetime) -> tuple[AnyReport, ...]:
    """The amount of its refund transactions. A refund that only restocks goods has none, and no effect."""
    order_id, refund_id = require_numeric_id(fields, "order_id"), require_numeric_id(fields, "id")
    at = fields.time("processed_at" if fields.values.get("processed_at") else "created_at", received_at)
    given = [each for each in children(fields, "transactions") if _is_refund_payment(each)]
    if not given:
        return (NoEffect.because(ShopifyReason.NO_MONEY_RETURNED),)
    currencies = {each.currency("currency") for each in given}
    if len(currencies) > 1:
        raise fields.wrong("transactions", "are in several currencies")
    currency = currencies.pop()
    amount = sum(decimal_minor(each, "amount", currency) for each in given)
    require_within_limit(fields, "transactions", amount)
    if amount <= 0:
        return (NoEffect.because(ShopifyReason.NO_MONEY_RETURNED),)
    shop_currency = _shop_currency(fields) or currency
    if shop_currency != currency:
        amount = _in_shop_currency(fields, amount, currency, shop_currency)
    tax, shipping = _tax_and_shipping(_parts(fields, "shop_money", shop_currency), amount)
    return (RefundReport(order_id, refund_id, at, shop_currency, amount, tax, shipping),)


def _is_refund_payment(transaction: Fields) -> bool:
    return transaction.values.get("kind") == "refund" and transaction.values.get("status") not in _FAILED


def _shop_currency(fields: Fields) -> str | None:
    """The shop's currency, from the first money set that is present: every set names both currencies."""
    sets = [child(fields, "total_duties_set")]
    sets += [child(line, "subtotal_set") for line in children(fields, "refund_line_items")]
    sets += [child(each, "amount_set") for each in children(fields, "order_adjustments")]
    for each in sets:
        money = child(each, "shop_money")
        if money.values.get("currency_code") is not None:
            return money.currency("currency_code")
    return None


def _parts(fields: Fields, view: MoneyView, currency: str) -> _Parts:
    lines = list(children(fields, "refund_line_items"))
    adjustments = [
        each for each in children(fields, "order_adjustments") if each.values.get("kind") == "shipping_refund"
    ]
    back = list(children(fields, "refund_shipping_lines"))
    if adjustments:
        shipping = [money_set_minor(each, "amount_set", view, currency) for each in adjustments]
        shipping_tax_minor = [money_set_minor(each, "tax_amount_set", view, currency) for each in adjustments]
    else:
        shipping = [money_set_minor(each, "subtotal_amount_set", view, currency) for each in back]
        shipping_tax_minor = [money_set_minor(each, "tax_amount_set", view, currency) for each in back]
    return _Parts(
        lines_minor=sum(money_set_minor(line, "subtotal_set", view, currency) or 0 for line in lines),
        line_tax_minor=sum(money_set_minor(line, "total_tax_set", view, currency) or 0 for line in lines),
        shipping_minor=sum(abs(minor or 0) for minor in shipping),
        shipping_tax_minor=sum(abs(minor or 0) for minor in shipping_tax_minor),
    )


def _in_shop_currency(fields: Fields, amount: int, currency: str, shop_currency: str) -> int:
    """The refund in the shop's currency, from its parts: those that add up to `amount` in the shopper's.

    Raises Invalid when they do not add up. Amounts are never converted with a rate of our own.
    """
    seen, own = _parts(fields, "presentment_money", currency), _parts(fields, "shop_money", shop_currency)
    if seen.total_if_tax_added_minor == amount:
        return require_within_limit(fields, "transactions", own.total_if_tax_added_minor)
    if seen.total_if_tax_included_minor == amount:
        return require_within_limit(fields, "transactions", own.total_if_tax_included_minor)
    raise fields.wrong(
        "transactions",
        f"gave back {currency}, and the refund does not say how much that is in {shop_currency}, which the "
        f"order was booked in. Report it by hand in {shop_currency}, then dismiss this event",
    )


def _tax_and_shipping(parts: _Parts, amount: int) -> tuple[int | None, int | None]:
    """Tax, and shipping without its tax, when the parts add up to the amount; else (None, None).

    A refund without stated parts is shared out by the rule for unstated refunds (docs/money.md).
    """
    tax, shipping = parts.line_tax_minor + parts.shipping_tax_minor, parts.shipping_minor
    if parts.total_if_tax_added_minor != amount:
        if parts.total_if_tax_included_minor != amount:
            return None, None
        shipping -= parts.shipping_tax_minor
    is_possible = tax >= 0 and shipping >= 0 and tax + shipping <= amount
    return (tax, shipping) if is_possible else (None, None)
