"""Compares repeated reports of a sale or a refund with what is booked, and stores what only they tell."""

from datetime import datetime
from typing import Any

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from tracker.sales.orders.models import Refund, Sale
from tracker.sales.reports.normal import RefundReport
from tracker.sales.reports.order_parts import comparable


def sale_differences(sale: Sale, facts: dict[str, Any]) -> list[dict[str, Any]]:
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
        {"field": name, "reported": _as_json(facts[name]), "booked": _as_json(value)}
        for name, value in booked.items()
        if value != facts[name]
    ]
    if _line_amounts(sale.items) != _line_amounts(facts["items"]):
        found.append({"field": "items"})
    # Not every way of reporting has these, so a report without them does not differ.
    if sale.ordered_at and facts["ordered_at"] not in (None, sale.ordered_at):
        found.append({"field": "ordered_at"})
    if _parts_differ(sale.excluded, facts["excluded"]):
        found.append({"field": "excluded"})
    return found


def refund_differs(refund: Refund, report: RefundReport) -> bool:
    """Whether the report contradicts the booked refund. Their currency is that of the sale.

    Parts that only one of the two names are no difference, because not every way of reporting has them.
    """
    booked = (refund.occurred_at, refund.amount_minor, refund.tax_minor, refund.shipping_minor)
    if booked != (report.occurred_at, report.amount, report.tax, report.shipping):
        return True
    return any(_parts_differ(getattr(refund, name), part) for name, part in report.parts().items())


def complete_sale(session: Session, sale: Sale, facts: dict[str, Any]) -> None:
    """Store the younger fields that no report before it had, and the latest `version_at`.

    So the order of reports does not matter. The content hash stays that of the first one.
    """
    _fill_empty(session, sale, {name: facts[name] for name in ("ordered_at", "excluded")})
    version_at = facts["version_at"]
    if version_at is None or (sale.version_at is not None and sale.version_at >= version_at):
        return
    earlier = or_(Sale.version_at.is_(None), Sale.version_at < version_at)
    session.execute(update(Sale).where(Sale.id == sale.id, earlier).values(version_at=version_at))


def complete_refund(session: Session, refund: Refund, report: RefundReport) -> None:
    """Store the parts that no report before it named. The content hash stays that of the first one."""
    _fill_empty(session, refund, report.parts())


def _fill_empty(session: Session, row: Sale | Refund, told: dict[str, Any]) -> None:
    table = type(row)
    for name, value in told.items():
        if value is not None and getattr(row, name) is None:
            is_empty = getattr(table, name).is_(None)
            session.execute(update(table).where(table.id == row.id, is_empty).values({name: value}))


def _parts_differ(booked: list[Any] | None, told: list[Any] | None) -> bool:
    return bool(booked and told) and comparable(booked) != comparable(told)


def _as_json(fact: Any) -> Any:
    return fact.isoformat() if isinstance(fact, datetime) else fact


def _line_amounts(items: list[dict[str, Any]]) -> list[tuple[int, int]]:
    return sorted((item["quantity"], item["net"]) for item in items)
