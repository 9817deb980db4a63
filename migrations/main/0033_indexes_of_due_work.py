"""Indexes of what is due, and of what is open: jobs and pages read them instead of all history.

The former index of release dates had every commission ever made.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_OPEN_HOLDS = {
    "ix_hold_open": (["commission_id"], ""),
    "ix_hold_open_end": (["ends_at", "id"], ""),
    "ix_hold_open_since": (["placed_at", "id"], ""),
    "ix_hold_open_of_event": (["cause_id"], " and (placed_by = 'event' or placed_by is null)"),
}


def upgrade() -> None:
    _partial(
        "ix_commission_to_release",
        "commission",
        ["brand_id", "release_at", "id"],
        sqlite="live = 1 and matured_at is null",
        postgresql="live and matured_at is null",
    )
    op.drop_index("ix_commission_release", table_name="commission")
    for name, (columns, more) in _OPEN_HOLDS.items():
        condition = f"lifted_at is null{more}"
        _partial(name, "commission_hold", columns, sqlite=condition, postgresql=condition)
    returned = "returned_from is not null"
    name = "ix_commission_entry_returned"
    _partial(name, "commission_entry", ["returned_from"], sqlite=returned, postgresql=returned)
    unapplied = "state in ('parked', 'conflict')"
    columns = ["source_id", "received_at", "id"]
    _partial("ix_event_unapplied", "event", columns, sqlite=unapplied, postgresql=unapplied)


def _partial(name: str, table: str, columns: list[str], *, sqlite: str, postgresql: str) -> None:
    op.create_index(
        name,
        table,
        columns,
        unique=False,
        sqlite_where=sa.text(sqlite),
        postgresql_where=sa.text(postgresql),
    )


def downgrade() -> None:
    op.drop_index("ix_event_unapplied", table_name="event")
    op.drop_index("ix_commission_entry_returned", table_name="commission_entry")
    for name in _OPEN_HOLDS:
        op.drop_index(name, table_name="commission_hold")
    op.create_index("ix_commission_release", "commission", ["release_at"], unique=False)
    op.drop_index("ix_commission_to_release", table_name="commission")
