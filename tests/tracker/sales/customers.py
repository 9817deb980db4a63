"""A brand that binds its customers, and what they buy."""

from datetime import datetime
from typing import Any

from config.database import transact
from tests.tracker.sales.shop import START, Shop, sale
from tracker.programs.policies import change_policy

LATEST = datetime.fromisoformat("2026-09-30T10:00:00+00:00")
SaleData = dict[str, Any]


def set_customer_policy(
    shop: Shop, customers: str = "lifetime", months: int | None = None, when: datetime = START
) -> None:
    transact(
        shop.databases.main,
        lambda s: change_policy(s, when, brand_id=shop.brand_id, customers=customers, months=months),
    )


def purchase(day: str, order_id: str = "", **changes: Any) -> SaleData:
    """A sale at noon of a day such as 11-01, whose order is named after it."""
    year = "2025" if int(day[:2]) > 9 else "2026"
    whose = {} if "customer_email_hash" in changes else {"customer": "C1"}
    at = f"{year}-{day}T12:00:00Z"
    return sale(**{"order_id": order_id or day, "occurred_at": at, **whose, **changes})


def send(shop: Shop, *sales: SaleData) -> None:
    for each in sales:
        received = shop.send("sale.created", each, now=LATEST)
        assert received.state == "applied", received.reason


def credited_owner(shop: Shop, order_id: str) -> str | None:
    """The owner whom the newest decision credits."""
    enrollment_id = shop.attributions(order_id)[-1].enrollment_id
    return next((owner for owner, each in shop.enrollments.items() if each == enrollment_id), None)


def click(shop: Shop, owner: str, day: str) -> str:
    return shop.token(owner, f"2025-{day}T10:00:00+00:00")
