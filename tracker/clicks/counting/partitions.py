"""On PostgreSQL the clicks of each month are a partition, so that old ones go without a scan.

The bounds are UUIDv7 of the month's first millisecond: the id alone is the key, and holds the time. What fits
no partition lands in a default one, where a click is safe but in the way: that is counted and alarmed.
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
"""Lock timeout: the insert of a click must not queue behind a blocked partition change."""

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
    """For this month and those to come; the names of new ones. Clicks of theirs leave the default one."""
    known, made = partitions(session), []
    for ahead in range(MONTHS_AHEAD + 1):
        start = _month_start(now, ahead)
        month = Partition(
            f"click_{start:%Y_%m}", uuid_lower_bound(start), uuid_lower_bound(_month_start(now, ahead + 1))
        )
        if not any(each.start <= month.start and month.end <= each.end for each in known):
            _create_partition(session, month)
            made.append(month.name)
    return made


def partitions(session: Session) -> list[Partition]:
    """The oldest first, without the default one."""
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
    """Those whose every click is older."""
    return [each.name for each in partitions(session) if each.end <= uuid_lower_bound(before)]


def drop_partition(session: Session, name: str) -> None:
    _set_lock_timeout(session)
    session.execute(text(f'drop table "{name}"'))


def default_partition_rows(session: Session) -> int:
    """Clicks in the default partition; more than none is an alarm."""
    return session.scalar(text("select count(*) from click_default")) or 0


def delete_from_default(session: Session, before: datetime, most: int) -> int:
    """Old clicks of the default partition, which is never dropped. How many."""
    gone = text(
        "delete from click_default where id in "
        "(select id from click_default where id < :end order by id limit :most) returning id"
    )
    return len(session.execute(gone, {"end": uuid_lower_bound(before), "most": most}).all())


def _create_partition(session: Session, month: Partition) -> None:
    """Made aside and attached, so that inserts into other months wait for nothing."""
    _set_lock_timeout(session)
    session.execute(text(f"create table {month.name} (like click including all)"))
    session.execute(text("lock table click_default in access exclusive mode"))
    within = "id >= :start and id < :end"
    for statement in (
        f"insert into {month.name} select * from click_default where {within}",  # noqa: S608 - our own name
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
