"""Codes of the reasons of commissions and payouts, by what a hold was placed, and who started a job."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

WITH_REASON = ("commission_entry", "commission_hold", "payout", "payout_attempt", "payout_freeze", "payee")

PLACED_BY = """
UPDATE commission_hold SET placed_by = CASE
    WHEN kind = 'dispute' THEN 'dispute'
    WHEN signal IS NOT NULL THEN 'rule'
    WHEN substr(cause_id, 1, 4) = 'evt_' THEN 'event'
    WHEN substr(cause_id, 1, 7) = 'review:' THEN 'person'
    WHEN substr(cause_id, 1, 4) IN ('com_', 'hld_') THEN 'carried_over'
    ELSE 'rule'
END
"""
"""The last case is the hold for a missing cost, whose cause is the sale."""

STARTED_BY = """
UPDATE job_run SET started_by = CASE
    WHEN substr(slot, 1, 11) = 'by hand at ' THEN 'person'
    ELSE 'schedule'
END
"""


def upgrade() -> None:
    # First, as a job locks its run before anything else: in the other order the two could deadlock.
    known = sa.CheckConstraint("started_by in ('schedule', 'person')", name="job_started_by_known")
    op.add_column("job_run", sa.Column("started_by", sa.Text(), known, nullable=True))
    op.execute(STARTED_BY)
    for table in WITH_REASON:
        op.add_column(table, sa.Column("reason_code", sa.Text(), nullable=True))
        op.add_column(table, sa.Column("reason_parameters", sa.Text(), nullable=True))
    known = sa.CheckConstraint(
        "placed_by in ('person', 'carried_over', 'rule', 'event', 'dispute')", name="hold_placed_by_known"
    )
    op.add_column("commission_hold", sa.Column("placed_by", sa.Text(), known, nullable=True))
    op.add_column("commission_hold", sa.Column("lift_code", sa.Text(), nullable=True))
    op.execute(PLACED_BY)


def downgrade() -> None:
    op.drop_column("job_run", "started_by")
    op.drop_column("commission_hold", "lift_code")
    op.drop_column("commission_hold", "placed_by")
    for table in reversed(WITH_REASON):
        op.drop_column(table, "reason_parameters")
        op.drop_column(table, "reason_code")
