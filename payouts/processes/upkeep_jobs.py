"""The jobs that keep an installation in order: clicks and their totals, old messages, old runs."""

from datetime import timedelta
from typing import Any

from config.database import read_session
from payouts.jobs.claims import prune_runs
from payouts.jobs.context import JobContext
from tracker.audit.actors import job_actor
from tracker.clicks.jobs import (
    confirm_clicks,
    count_clicks,
    drain_spools,
    partition_clicks,
    prune_clicks,
    renew_visitor_keys,
    sum_up_days,
)
from tracker.people.upkeep import tidy_up_people
from tracker.sales.health.notices import causes_about_shops, note_about_shops
from tracker.sales.inbox.jobs import empty_old_events
from tracker.sales.queries import credited_clicks

BATCH = 200
CONFIRMATION_LOOK_BACK = timedelta(days=7)
"""How long after a sale its click can still be confirmed as a visit; it may have waited in a spool."""


def count_hours(context: JobContext, back: timedelta) -> dict[str, Any]:
    counted = count_clicks(context.databases.clicks, context.now, context.renew, back)
    return counted | sum_up_days(context.databases, context.renew)


def confirm_credited_clicks(context: JobContext) -> dict[str, Any]:
    with read_session(context.databases.main) as session:
        credited = credited_clicks(session, context.now - CONFIRMATION_LOOK_BACK)
    return confirm_clicks(context.databases.clicks, context.renew, credited)


def prune_old_clicks(context: JobContext) -> dict[str, Any]:
    keep = timedelta(days=context.settings.click_days)
    return prune_clicks(context.databases, context.now, context.renew, keep)


def make_click_partitions(context: JobContext) -> dict[str, Any]:
    return partition_clicks(context.databases.clicks, context.now)


def drain_orphaned_spools(context: JobContext) -> dict[str, Any]:
    return drain_spools(context.settings)


def renew_keys(context: JobContext) -> dict[str, Any]:
    return renew_visitor_keys(context.settings.home)


def empty_old_bodies(context: JobContext) -> dict[str, Any]:
    before = context.now - timedelta(days=context.settings.event_days)
    return {"emptied": empty_old_events(context.databases.main, before, context.now, context.renew)}


def tidy_up(context: JobContext) -> dict[str, Any]:
    done: dict[str, Any] = context.write(lambda s: tidy_up_people(s, context.now, job_actor("people")))
    return done


def prune_old_runs(context: JobContext) -> dict[str, Any]:
    total = 0
    while done := context.write(lambda s: prune_runs(s, context.now, BATCH)):
        total += done
    return {"forgotten": total}


def note_shops(context: JobContext) -> dict[str, Any]:
    """Note of which shops owners and managers have to be told."""
    with read_session(context.databases.main) as session:
        causes = causes_about_shops(session, context.now)
    if not causes:
        return {}
    context.write(lambda s: note_about_shops(s, context.now, causes))
    return {"noted": len(causes)}
