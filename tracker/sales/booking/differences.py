"""Whether another report of an order says what is booked."""

from typing import Any

from tracker.sales.orders.models import Sale


def differences(sale: Sale, facts: dict[str, Any]) -> str:
    """Amounts and times with both values, lines by their name only; empty when both say the same.

    Who the customer is and what lines are called may change: shops tell old orders with today's names.
    """
    booked = {
        "occurred_at": sale.occurred_at,
        "currency": sale.currency,
        "total": sale.total_minor,
        "tax": sale.tax_minor,
        "shipping": sale.shipping_minor,
        "discount": sale.discount_minor,
        "cost": sale.cost_minor,
        "test": sale.test,
    }
    found = [
        f"{name} is {facts[name]}, booked is {value}"
        for name, value in booked.items()
        if value != facts[name]
    ]
    if _line_amounts(sale.items) != _line_amounts(facts["items"]):
        found.append("items")
    return ", ".join(found)


def _line_amounts(items: list[dict[str, Any]]) -> list[tuple[int, int]]:
    return sorted((item["quantity"], item["net"]) for item in items)
