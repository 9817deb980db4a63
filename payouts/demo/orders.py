"""Orders and refunds in the demo's shop: its server reports them to the hook over HTTP, signed."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from config.settings import Settings
from payouts.commissions.accrual import accrue_due
from payouts.commissions.adjustment import adjust_due
from payouts.demo.http_client import post
from payouts.demo.payday import next_payday
from payouts.demo.queries import demo_brand, demo_source, demo_time, next_pay_date
from payouts.demo.shop import Cart, refund_data, sale_data, signed_message
from payouts.explain.order import explain
from tracker.errors import LinkledgerError
from tracker.ids import new_uuid
from tracker.sales.inbox.models import Event
from tracker.sales.orders.amounts import amounts_of
from tracker.sales.orders.models import Refund, Sale
from tracker.sales.sources.operations import source_secrets

BATCH = 100


class HookRefused(LinkledgerError):
    """The hook did not accept the shop's message."""

    status = 502


def new_order_id(now: datetime) -> str:
    return f"NT-{new_uuid(now).hex[-8:].upper()}"


def report_sale(
    databases: Databases, settings: Settings, now: datetime, order_id: str, cart: Cart, click: str | None
) -> None:
    """Report a sale as a shop's server does after a payment. Raises HookRefused or NoResponse."""
    data = sale_data(order_id, cart, now, click)
    _deliver(databases, settings, now, f"msg-{order_id}", "sale.created", data)


def report_refund(
    databases: Databases, settings: Settings, now: datetime, order_id: str, amount_minor: int, reason: str
) -> None:
    """Raises HookRefused or NoResponse."""
    refund_id = f"{order_id}-R{new_uuid(now).hex[-6:]}"
    data = refund_data(order_id, refund_id, amount_minor, now, reason)
    _deliver(databases, settings, now, f"msg-{refund_id}", "refund.created", data)


def order_page_data(session: Session, now: datetime, order_id: str) -> dict[str, Any]:
    """The data of `linkledger explain`, with more that the page shows. Raises NotFound."""
    brand = demo_brand(session)
    explanation = explain(session, brand.id, order_id)[0]
    sale = session.get_one(Sale, explanation["sale"])
    refunds = session.scalars(
        select(Refund).where(Refund.sale_id == sale.id).order_by(Refund.occurred_at)
    ).all()
    refunded_minor = sum(refund.amount_minor for refund in refunds)
    amounts = amounts_of(sale)
    commission = next((each for each in explanation["commissions"] if each["live"]), None)
    if commission is not None:
        at = demo_time(session, now)
        commission["pay_date_now"] = next_pay_date(
            commission["pay_date_now"], at, next_payday(session, brand, at)
        )
    return explanation | {
        "row": sale,
        "amounts": amounts,
        "received": session.get_one(Event, sale.event_id),
        "refunds": refunds,
        "refundable_minor": max(amounts.total - refunded_minor, 0),
        "commission": commission,
    }


def _deliver(
    databases: Databases, settings: Settings, now: datetime, external_id: str, kind: str, data: dict[str, Any]
) -> None:
    with read_session(databases.main) as session:
        source = demo_source(session, demo_brand(session))
        secret = source_secrets(source, settings.secret_keys)[0]
        brand_id = source.brand_id
    message = signed_message(secret, external_id, kind, data, now)
    reply = post(f"{settings.web_url}/hooks/{source.id}", message.body, message.headers)
    if reply.status != 200 or reply.value is None or reply.value["state"] != "applied":
        reason = (reply.value or {}).get("reason") or (reply.value or {}).get("detail") or "no reason"
        raise HookRefused(f"The hook responded to the shop's message with {reply.status}: {reason}")
    transact(databases.main, lambda session: _run_booking_jobs(session, now, brand_id))


def _run_booking_jobs(session: Session, now: datetime, brand_id: str) -> None:
    """Run the booking jobs at once, so that the visitor does not have to wait for the scheduler."""
    accrue_due(session, now, BATCH, brand_id=brand_id)
    adjust_due(session, now, BATCH, brand_id=brand_id)
