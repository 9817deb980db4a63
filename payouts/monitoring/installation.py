"""Whether this installation can do its work: databases, schema, jobs, disk, clock, address, rail, outbox."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from config.database import Databases, read_session
from config.schema import SchemaMismatch, require_current_schema
from config.settings import Settings
from payouts.jobs.heartbeat import CLOCK_SKEW_ALLOWANCE, is_alive, last_heartbeat
from payouts.jobs.latest import lateness_of, latest_runs
from payouts.jobs.models import JobRun
from tracker.mail.doctor.findings import Finding, ok, unseen, wrong
from tracker.mail.models import Fate, MailMessage
from tracker.people.installation.mode import mode_of, rail_settings
from tracker.people.installation.rules import Mode, needs_of

DATABASE, SCHEMA, JOBS, CLOCK = "database", "schema", "jobs", "clock"
DISK, ADDRESS, RAIL, OUTBOX = "disk", "address", "rail", "outbox"
LATE = timedelta(minutes=5)
"""A busy machine is late by less."""
LEAST_FREE_BYTES = 500 * 1024 * 1024
_MIB = 1024 * 1024


def examine_installation(databases: Databases, settings: Settings, now: datetime) -> list[Finding]:
    """What does not depend on the mail server. A database that cannot be used ends its own part only."""
    found = [_disk(settings), _address(settings)]
    try:
        require_current_schema(databases)
        with read_session(databases.main) as session:
            found += _stored(session, settings, now)
    except SQLAlchemyError as error:
        kind = type(error).__name__
        found.append(wrong(DATABASE, f"The database cannot be used ({kind}). Check LINKLEDGER_DATABASE_URL."))
    except SchemaMismatch as error:
        found.append(wrong(SCHEMA, str(error)))
    return found


def _stored(session: Session, settings: Settings, now: datetime) -> Iterator[Finding]:
    yield ok(DATABASE, f"It answers ({session.get_bind().dialect.name}).")
    yield ok(SCHEMA, "It is the one of this version.")
    looks: tuple[Callable[[], Finding], ...] = (
        lambda: _jobs(session, now),
        lambda: _clock(session, now),
        lambda: _rail(session, settings),
        lambda: _outbox(session, settings),
    )
    for look in looks:
        yield look()


def _jobs(session: Session, now: datetime) -> Finding:
    if not is_alive(last_heartbeat(session, now), now):
        return wrong(JOBS, "No job runs. Start linkledger serve, or linkledger scheduler beside it.")
    scheduled = latest_runs(session, scheduled=True)
    stuck = [name for name, run in sorted(scheduled.items()) if _is_stuck(run, now)]
    if stuck:
        return wrong(JOBS, f"Failed or late: {', '.join(stuck)}. See why with: linkledger jobs")
    return ok(JOBS, "All jobs run in time.")


def _is_stuck(run: JobRun, now: datetime) -> bool:
    late = lateness_of(run, now)
    return run.state == "failed" or (late is not None and late.overdue > LATE)


def _clock(session: Session, now: datetime) -> Finding:
    """Against the clock of PostgreSQL, and against the times of rows that exist already."""
    newest = session.scalar(select(func.max(JobRun.started_at)))
    ahead = (newest - now) if newest else timedelta()
    if session.get_bind().dialect.name == "postgresql":
        ahead = max(ahead, session.execute(text("select clock_timestamp()")).scalar_one() - now, key=abs)
    if abs(ahead) > CLOCK_SKEW_ALLOWANCE:
        direction = "behind" if ahead > timedelta() else "ahead of"
        return wrong(
            CLOCK,
            f"The clock of this machine is {abs(ahead).total_seconds():.0f} s {direction} the database. Let "
            "it follow a time server (NTP).",
        )
    return ok(CLOCK, "The clock agrees with the database.")


def _rail(session: Session, settings: Settings) -> Finding:
    mode, given = mode_of(session), rail_settings(settings)
    if mode is not None and needs_of(mode, given):
        needs = ", ".join(each.value for each in needs_of(mode, given))
        return wrong(RAIL, f"This installation is for {mode.value}, and its settings do not fit: {needs}.")
    if settings.rail == "sandbox":
        return unseen(RAIL, "LINKLEDGER_RAIL=sandbox: no money moves.")
    if mode is Mode.REAL and not settings.smtp_url:
        return wrong(RAIL, "Payouts are real, and without LINKLEDGER_SMTP_URL no statement approves itself.")
    return ok(RAIL, f"LINKLEDGER_RAIL={settings.rail}; compare it with: linkledger payout reconcile")


def _outbox(session: Session, settings: Settings) -> Finding:
    waiting = (Fate.QUEUED.value, Fate.SENDING.value, Fate.DEFERRED.value)
    query = select(MailMessage.state, func.count()).where(MailMessage.state.in_(waiting))
    counts = {row.state: row[1] for row in session.execute(query.group_by(MailMessage.state))}
    total = sum(counts.values())
    if deferred := counts.get(Fate.DEFERRED.value, 0):
        return wrong(
            OUTBOX,
            f"{deferred} of {total} waiting messages were not accepted yet. See what the server said with: "
            "linkledger mail list --state deferred",
        )
    if total and not settings.smtp_url:
        return unseen(OUTBOX, f"{total} messages wait. Read them with: linkledger mail list")
    return ok(OUTBOX, f"{total} messages wait." if total else "No message waits.")


def _disk(settings: Settings) -> Finding:
    try:
        free = shutil.disk_usage(settings.home).free
    except OSError as error:
        return wrong(DISK, f"LINKLEDGER_HOME, {settings.home}, cannot be read: {error.strerror}.")
    words = f"{free // _MIB} MiB are free at {settings.home}"
    return ok(DISK, f"{words}.") if free >= LEAST_FREE_BYTES else wrong(DISK, f"Only {words}. Free some.")


def _address(settings: Settings) -> Finding:
    if settings.env != "production":
        return ok(ADDRESS, f"Links in messages lead to {settings.web_url}.")
    if not settings.base_url.startswith("https://"):
        return wrong(
            ADDRESS,
            f"Links in messages lead to {settings.web_url}, which is not encrypted. Set LINKLEDGER_BASE_URL "
            "to the https address of this installation.",
        )
    return ok(ADDRESS, f"Links in messages lead to {settings.base_url}.")
