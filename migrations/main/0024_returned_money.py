"""Money that came back waits for a decision; an open sum of 0 is settled without a transfer."""

import sqlalchemy as sa
from alembic import op

from migrations.checks import allow_null, refuse_null, replace_check
from migrations.column_types import UTC_TIME
from migrations.touched import execute_counted

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

FORMER_STATES = "'prepared', 'sending', 'unknown', 'paid', 'failed', 'cancelled', 'returned'"


def upgrade() -> None:
    replace_check("payout", "payout_state_known", f"state in ({FORMER_STATES}, 'settled')")
    replace_check("payout", "payout_amount_positive", "amount_minor > 0 or state = 'settled'")
    allow_null("transfer_reversal", "payout_id")
    for column in ("adoption_id", "transaction_id"):
        key = f"CONSTRAINT fk_transfer_reversal_{column} REFERENCES ledger_transaction (id)"
        op.execute(f"ALTER TABLE transfer_reversal ADD COLUMN {column} TEXT {key}")
    op.add_column("transfer_reversal", sa.Column("came_back_at", UTC_TIME, nullable=True))
    known = sa.CheckConstraint(
        "decision in ('send_again', 'taken_back')", name="decision_about_returned_money_known"
    )
    op.add_column("transfer_reversal", sa.Column("decision", sa.Text(), known, nullable=True))
    op.add_column("transfer_reversal", sa.Column("decided_at", UTC_TIME, nullable=True))
    for column in ("actor_kind", "actor_id", "entry_point", "note"):
        op.add_column("transfer_reversal", sa.Column(column, sa.Text(), nullable=True))
    op.execute("UPDATE transfer_reversal SET came_back_at = recorded_at")
    op.execute(
        "UPDATE transfer_reversal SET transaction_id = (SELECT id FROM ledger_transaction "
        "WHERE event_key = 'transfer_reversed:' || transfer_reversal.reversal_ref)"
    )
    execute_counted(
        sa.text("UPDATE transfer_reversal SET decision = 'send_again', decided_at = recorded_at"),
        "{rows} transfers that came back before this version are paid again without a decision, as before.",
    )


def downgrade() -> None:
    op.execute("DELETE FROM transfer_reversal WHERE payout_id IS NULL")
    for column in (
        "note",
        "entry_point",
        "actor_id",
        "actor_kind",
        "decided_at",
        "decision",
        "came_back_at",
        "transaction_id",
        "adoption_id",
    ):
        op.drop_column("transfer_reversal", column)
    refuse_null("transfer_reversal", "payout_id")
    settled = op.get_bind().scalar(sa.text("SELECT count(*) FROM payout WHERE state = 'settled'"))
    if not settled:  # the rules stay as wide as the rows
        replace_check("payout", "payout_amount_positive", "amount_minor > 0")
        replace_check("payout", "payout_state_known", f"state in ({FORMER_STATES})")
