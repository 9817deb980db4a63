"""On PostgreSQL the table of clicks is partitioned by month; on SQLite nothing changes.

The table as it was becomes the partition of all clicks up to the end of the month: no row is copied.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MONTHS_AHEAD = 2
COLUMNS = """
    id uuid NOT NULL, link_id uuid NOT NULL, verdict text NOT NULL, reason text NOT NULL,
    device text NOT NULL, referrer_host text, sub_ids text,
    country text, visitor text, visitor_before text, network text,
    CONSTRAINT click_verdict_known CHECK (verdict IN
        ('person', 'unconfirmed', 'crawler', 'preview', 'prefetch', 'embedded', 'head'))
"""


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    now = connection.execute(sa.text("SELECT now()")).scalar_one().astimezone(UTC)
    starts = [_month(now, ahead) for ahead in range(MONTHS_AHEAD + 2)]
    op.execute("LOCK TABLE click IN ACCESS EXCLUSIVE MODE")
    op.execute("ALTER TABLE click RENAME TO click_before")
    op.execute("ALTER TABLE click_before RENAME CONSTRAINT pk_click TO pk_click_before")
    op.execute(
        f"CREATE TABLE click ({COLUMNS}, CONSTRAINT pk_click PRIMARY KEY (id)) PARTITION BY RANGE (id)"
    )
    op.execute("CREATE TABLE click_default PARTITION OF click DEFAULT")
    for start, end in zip(starts[1:], starts[2:], strict=False):
        bounds = f"FROM ('{_bound(start)}') TO ('{_bound(end)}')"
        op.execute(f"CREATE TABLE click_{start:%Y_%m} PARTITION OF click FOR VALUES {bounds}")
    if _is_empty(connection):
        op.execute("DROP TABLE click_before")
        bounds = f"FROM ('{_bound(starts[0])}') TO ('{_bound(starts[1])}')"
        op.execute(f"CREATE TABLE click_{starts[0]:%Y_%m} PARTITION OF click FOR VALUES {bounds}")
        return
    limit = _bound(starts[1])
    # A clock that ran ahead: such clicks belong to later partitions.
    op.execute(f"INSERT INTO click SELECT {_names()} FROM click_before WHERE id >= '{limit}'")
    op.execute(f"DELETE FROM click_before WHERE id >= '{limit}'")
    op.execute(f"ALTER TABLE click ATTACH PARTITION click_before FOR VALUES FROM (MINVALUE) TO ('{limit}')")


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("LOCK TABLE click IN ACCESS EXCLUSIVE MODE")
    op.execute("ALTER TABLE click RENAME TO click_parts")
    op.execute("ALTER TABLE click_parts RENAME CONSTRAINT pk_click TO pk_click_parts")
    op.execute(f"CREATE TABLE click ({COLUMNS}, CONSTRAINT pk_click PRIMARY KEY (id))")
    op.execute(f"INSERT INTO click SELECT {_names()} FROM click_parts")
    op.execute("DROP TABLE click_parts")


def _names() -> str:
    """In one order, whatever the order in the table as it was."""
    return (
        "id, link_id, verdict, reason, device, referrer_host, sub_ids, "
        "country, visitor, visitor_before, network"
    )


def _is_empty(connection: Any) -> bool:
    return connection.execute(sa.text("SELECT NOT EXISTS (SELECT 1 FROM click_before)")).scalar_one() is True


def _month(now: datetime, ahead: int) -> datetime:
    months = now.year * 12 + now.month - 1 + ahead
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)


def _bound(start: datetime) -> UUID:
    """The lowest UUIDv7 of a time (RFC 9562): 48 bits of milliseconds, then nothing."""
    return UUID(int=int(start.timestamp()) * 1000 << 80)
