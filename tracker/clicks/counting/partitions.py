"""On PostgreSQL the click table has a partition per month, so that old clicks are dropped without a scan.

The bounds are UUIDv7 of the month's first millisecond: the id alone is the key, and it contains the time. A
click without a month's partition is stored in the default partition. It is safe there, but it blocks the
creation of its partition; so such clicks are counted and raise an alarm.
"""

import re
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from tracker.ids import uuid_lower_bound

MONTHS_AHEAD = 2
LOCK_TIMEOUT = "2s"
"""The insert of a click must not queue behind a blocked partition change."""

_BOUNDS = re.compile(r"FROM \((?:'([0-9a-f-]{36})'|MINVALUE)\) TO \('([0-9a-f-]{36})'\)")


class Partition(NamedTuple):
    """Clicks with start <= id < end."""

    name: str
    start: UUID
    end: UUID


def is_partitioned(session: Session) -> bool:
    """False on SQLite."""
    if session.get_bind().dialect.name != "postgresql":
        return False
    kind = "select relkind = 'p' from pg_class where oid = to_regclass('click')"
    return bool(session.scalar(text(kind)))


def create_partitions(session: Session, now: datetime) -> list[str]:
    """Create missing partitions for this month and the next ones. Returns the names of new partitions.

    Clicks of these months move there from the default partition.
    """
    known, created = partitions(session), []
    for ahead in range(MONTHS_AHEAD + 1):
        start = _month_start(now, ahead)
        month = Partition(
            f"click_{start:%Y_%m}", uuid_lower_bound(start), uuid_lower_bound(_month_start(now, ahead + 1))
        )
        if not any(each.start <= month.start and month.end <= each.end for each in known):
            _create_partition(session, month)
            created.append(month.name)
    return created


def partitions(session: Session) -> list[Partition]:
    """The partitions of months, oldest first, without the default partition."""
    rows = session.execute(
        text(
            "select child.relname, pg_get_expr(child.relpartbound, child.oid) from pg_inherits "
            "join pg_class child on child.oid = inhrelid where inhparent = to_regclass('click')"
        )
    )
    found = []
    for name, bounds in rows:
        match = _BOUNDS.search(bounds)
        if match is not None:
            found.append(Partition(name, UUID(match[1]) if match[1] else UUID(int=0), UUID(match[2])))
    return sorted(found, key=lambda each: each.start)


def old_partitions(session: Session, before: datetime) -> list[str]:
    """Names of partitions that contain only clicks from before this time."""
    return [each.name for each in partitions(session) if each.end <= uuid_lower_bound(before)]


def drop_partition(session: Session, name: str) -> None:
    _set_lock_timeout(session)
    session.execute(text(f'drop table "{name}"'))


def default_partition_rows(session: Session) -> int:
    """Number of clicks in the default partition; above 0 is an alarm."""
    return session.scalar(text("select count(*) from click_default")) or 0


def delete_from_default(session: Session, before: datetime, max_rows: int) -> int:
    """Delete old clicks of the default partition, which is never dropped. Returns how many."""
    statement = text(
        "delete from click_default where id in "
        "(select id from click_default where id < :end order by id limit :most) returning id"
    )
    return len(session.execute(statement, {"end": uuid_lower_bound(before), "most": max_rows}).all())


def _create_partition(session: Session, month: Partition) -> None:
    """Create a separate table and attach it, so that inserts into other months do not wait."""
    _set_lock_timeout(session)
    session.execute(text(f"create table {month.name} (like click including all)"))
    session.execute(text("lock table click_default in access exclusive mode"))
    within = "id >= :start and id < :end"
    for statement in (
        f"insert into {month.name} select * from click_default where {within}",  # noqa: S608 - own name
        f"delete from click_default where {within}",  # noqa: S608
    ):
        session.execute(text(statement), {"start": month.start, "end": month.end})
    limits = f"from ('{month.start}') to ('{month.end}')"
    session.execute(text(f"alter table click attach partition {month.name} for values {limits}"))


def _set_lock_timeout(session: Session) -> None:
    session.execute(text(f"set local lock_timeout = '{LOCK_TIMEOUT}'"))


def _month_start(now: datetime, ahead: int) -> datetime:
    months = now.year * 12 + now.month - 1 + ahead
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)
