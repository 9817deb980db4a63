"""The command `linkledger source health` (added to its group in tracker/sales/commands.py)."""

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import read_session
from tracker.console import CHECK_FOUND_FAULT, CommandResult, Console, ConsoleCommand, pass_console
from tracker.people.accounts.operations import get_brand
from tracker.sales.health.coupons import coupon_statistics
from tracker.sales.health.rules import CouponStatistics
from tracker.sales.health.serializers import (
    alarms,
    coupon_json,
    coupon_text,
    health_json,
    health_text,
)
from tracker.sales.health.statistics import MONTH, source_health
from tracker.sales.sources.models import Source
from tracker.times import format_utc


@click.command("health", cls=ConsoleCommand)
@click.option("--brand", "brand_id", metavar="ID", help="Check only the sources of this brand.")
@pass_console
def show_health(console: Console, brand_id: str | None) -> CommandResult:
    """Check whether shops report everything: silence, clock skew, missing orders, coupons without clicks.

    Exit code 3 when there is an alarm. Bookings and payouts do not depend on it.
    """
    now = console.now
    with read_session(console.databases.main) as session:
        sources = _sources(session, brand_id)
        found = [source_health(session, now, source) for source in sources]
        coupons = {
            each: _coupons(console, session, each) for each in sorted({source.brand_id for source in sources})
        }
    ok = not any(alarms(health, now) for health in found)
    value = {
        "ok": ok,
        "checked_at": format_utc(now),
        "sources": [health_json(health, now) for health in found],
        "coupons": [
            {"brand": brand, **coupon_json(each)}
            for brand, statistics in coupons.items()
            for each in statistics
        ],
    }
    lines = [line for health in found for line in health_text(health, now)]
    for brand, statistics in coupons.items():
        if statistics:
            lines.append(f"Coupons of {brand} in the last {MONTH.days} days:")
            lines += [coupon_text(each) for each in statistics]
    return CommandResult(
        value, "\n".join(lines) or "There are no sources yet.", 0 if ok else CHECK_FOUND_FAULT
    )


def _sources(session: Session, brand_id: str | None) -> list[Source]:
    """All sources that are not deleted; a deleted source is expected to be silent."""
    query = select(Source).where(Source.deleted_at.is_(None)).order_by(Source.brand_id, Source.id)
    if brand_id is not None:
        query = query.where(Source.brand_id == get_brand(session, brand_id).id)
    return list(session.scalars(query))


def _coupons(console: Console, session: Session, brand_id: str) -> list[CouponStatistics]:
    with read_session(console.databases.clicks) as clicks:
        return coupon_statistics(session, clicks, brand_id, console.now - MONTH)
