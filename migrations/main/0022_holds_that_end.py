"""Holds with an end, the first release of a commission, and money of returned payouts that entries move."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

from migrations.checks import replace_check
from migrations.column_types import FLAG, UTC_TIME
from migrations.touched import execute_counted

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

PLACED_BY = "placed_by in ('person', 'carried_over', 'rule', 'event', 'dispute'{})"
REVIEW_DAYS, MESSAGE_DAYS = 60, 30
"""How long the holds that are open now last from the day of the upgrade."""

FIRST_RELEASE = """
UPDATE commission SET first_released_at = (
    SELECT min(created_at) FROM commission_entry
    WHERE commission_entry.commission_id = commission.id AND commission_entry.kind = 'mature'
)
"""


def upgrade() -> None:
    op.add_column("commission", sa.Column("first_released_at", UTC_TIME, nullable=True))
    op.execute(FIRST_RELEASE)
    payout = "CONSTRAINT fk_commission_entry_returned_from REFERENCES payout (id)"
    op.execute(f"ALTER TABLE commission_entry ADD COLUMN returned_from TEXT {payout}")
    replace_check("commission_hold", "hold_placed_by_known", PLACED_BY.format(", 'removal'"))
    op.add_column("commission_hold", sa.Column("ends_at", UTC_TIME, nullable=True))
    op.add_column("commission_hold", sa.Column("asked_at", UTC_TIME, nullable=True))
    op.add_column("commission_hold", sa.Column("extended", FLAG, server_default=sa.false(), nullable=False))
    op.add_column("commission_hold", sa.Column("extension_note", sa.Text(), nullable=True))
    _end_open_holds()


def _end_open_holds() -> None:
    """Nothing held a commission for a limited time until now: those holds last from the upgrade on."""
    hold = sa.table(
        "commission_hold",
        sa.column("ends_at", sa.DateTime(timezone=True) if _is_postgresql() else sa.Text()),
        sa.column("lifted_at"),
        sa.column("kind"),
        sa.column("placed_by"),
    )
    is_open = sa.and_(hold.c.lifted_at.is_(None), hold.c.kind == "review")
    of_message = hold.c.placed_by.is_not_distinct_from("event")
    for condition, days in ((~of_message, REVIEW_DAYS), (of_message, MESSAGE_DAYS)):
        limited = hold.update().where(is_open, condition).values(ends_at=_in_days(days))
        what = "of messages that wait" if days == MESSAGE_DAYS else "for review"
        execute_counted(limited, f"{{rows}} open holds {what} end in {days} days, counted from today.")


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _in_days(days: int) -> datetime | str:
    at = datetime.now(UTC) + timedelta(days=days)
    return at if _is_postgresql() else f"{at.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def downgrade() -> None:
    for column in ("extension_note", "extended", "asked_at", "ends_at"):
        op.drop_column("commission_hold", column)
    op.execute("UPDATE commission_hold SET placed_by = 'rule' WHERE placed_by = 'removal'")
    replace_check("commission_hold", "hold_placed_by_known", PLACED_BY.format(""))
    op.drop_column("commission_entry", "returned_from")
    op.drop_column("commission", "first_released_at")
