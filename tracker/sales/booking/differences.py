"""Compares a repeated report of an order with the booked sale."""

from typing import Any

from tracker.sales.orders.models import Sale


def differences(sale: Sale, facts: dict[str, Any]) -> str:
    """What differs: amounts and times with both values, lines only as `items`; empty when nothing does.

    Customers and names of lines are not compared: shops send old orders with their current data.
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
