"""Decisions of people; statements are approved before they are sealed; periods close in steps."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect
from migrations.checks import replace_check
from migrations.column_types import BIG_INT, UTC_TIME

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

KINDS = (
    "kind in ('hold', 'extend', 'release', 'decline', 'bonus', 'deduction', 'move_credit', 'keep_credit', "
    "'undo')"
)
ACTORS = "actor_kind in ('user', 'key', 'cli', 'job')"


def upgrade() -> None:
    replace_check("statement", "statement_state_known", "state in ('draft', 'approved', 'sealed')")
    replace_check("period", "period_state_known", "state in ('open', 'closing', 'closed')")
    op.add_column("statement", sa.Column("approved_at", UTC_TIME, nullable=True))
    op.create_table(
        "review_decision",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("statement_id", sa.Text(), nullable=True),
        sa.Column("creator_id", sa.Text(), nullable=False),
        sa.Column("commission_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("hold_until", UTC_TIME, nullable=True),
        sa.Column("amount_minor", BIG_INT, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("undoes_id", sa.Text(), nullable=True),
        sa.Column("reversal_ref", sa.Text(), nullable=True),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=True),
        sa.Column("entry_point", sa.Text(), nullable=False),
        sa.Column("decided_at", UTC_TIME, nullable=False),
        sa.CheckConstraint(KINDS, name="decision_kind_known"),
        sa.CheckConstraint(ACTORS, name="decision_actor_known"),
        sa.CheckConstraint("(kind = 'undo') = (undoes_id is not null)", name="an_undo_names_its_decision"),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_review_decision_brand_id")),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statement.id"], name=op.f("fk_review_decision_statement_id")
        ),
        sa.ForeignKeyConstraint(["creator_id"], ["creator.id"], name=op.f("fk_review_decision_creator_id")),
        sa.ForeignKeyConstraint(
            ["commission_id"], ["commission.id"], name=op.f("fk_review_decision_commission_id")
        ),
        sa.ForeignKeyConstraint(
            ["undoes_id"], ["review_decision.id"], name=op.f("fk_review_decision_undoes_id")
        ),
        sa.ForeignKeyConstraint(
            ["reversal_ref"],
            ["transfer_reversal.reversal_ref"],
            name=op.f("fk_review_decision_reversal_ref"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_decision")),
        sa.UniqueConstraint("undoes_id", name="a_decision_is_undone_once"),
        sqlite_strict=True,
    )
    for column in ("statement_id", "commission_id"):
        op.create_index(op.f(f"ix_review_decision_{column}"), "review_decision", [column], unique=False)
    op.create_table(
        "decision_transaction",
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["review_decision.id"], name=op.f("fk_decision_transaction_decision_id")
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["ledger_transaction.id"],
            name=op.f("fk_decision_transaction_transaction_id"),
        ),
        sa.PrimaryKeyConstraint("decision_id", "transaction_id", name=op.f("pk_decision_transaction")),
        sqlite_strict=True,
    )
    op.create_table(
        "decision_hold",
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("hold_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["review_decision.id"], name=op.f("fk_decision_hold_decision_id")
        ),
        sa.ForeignKeyConstraint(["hold_id"], ["commission_hold.id"], name=op.f("fk_decision_hold_hold_id")),
        sa.PrimaryKeyConstraint("decision_id", "hold_id", name=op.f("pk_decision_hold")),
        sqlite_strict=True,
    )
    for table in ("review_decision", "decision_transaction", "decision_hold"):
        protect(table)


def downgrade() -> None:
    for table in ("decision_hold", "decision_transaction", "review_decision"):
        op.drop_table(table)
    op.drop_column("statement", "approved_at")
    op.execute("UPDATE period SET state = 'open' WHERE state = 'closing'")
    op.execute("UPDATE statement SET state = 'draft' WHERE state = 'approved'")
    replace_check("period", "period_state_known", "state in ('open', 'closed')")
    replace_check("statement", "statement_state_known", "state in ('draft', 'sealed')")
