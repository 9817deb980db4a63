"""Silence needs a notice: when a draft was noticed, rules of approval, and approvals by persons.

For drafts that exist, the notice is noted as a cause of a message.
"""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect
from migrations.column_types import BIG_INT, FLAG, UTC_TIME

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

_NOTE_DRAFTS = """
insert into mail_cause (id, kind, subject_id, brand_id, not_before, noted_at)
select 'mca_' || substr(id, 5), 'statement_ready', id, brand_id, drafted_at, drafted_at
from statement where state = 'draft'
"""


def upgrade() -> None:
    op.add_column("statement", sa.Column("noticed_at", UTC_TIME, nullable=True))
    op.add_column("statement", sa.Column("planned_review_ends_at", UTC_TIME, nullable=True))
    known = sa.CheckConstraint(
        "silence_basis in ('sandbox', 'notice', 'rule')", name="basis_of_silence_known"
    )
    op.add_column("statement", sa.Column("silence_basis", sa.Text(), known, nullable=True))
    flag: sa.Column[bool] = sa.Column(
        "approve_without_notice", FLAG, nullable=False, server_default=sa.false()
    )
    op.add_column("brand_rules_change", flag)
    not_negative = sa.CheckConstraint(
        "second_person_above_minor >= 0", name="limit_of_one_person_not_negative"
    )
    limit = sa.Column("second_person_above_minor", BIG_INT, not_negative, nullable=True)
    op.add_column("brand_rules_change", limit)
    op.create_table(
        "statement_approval",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("statement_id", sa.Text(), nullable=False),
        sa.Column("approver", sa.Text(), nullable=False),
        sa.Column("pays_minor", BIG_INT, nullable=False),
        sa.Column("decisions", BIG_INT, nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=True),
        sa.Column("entry_point", sa.Text(), nullable=False),
        sa.Column("approved_at", UTC_TIME, nullable=False),
        sa.CheckConstraint("actor_kind in ('user', 'key', 'cli', 'job')", name="approval_actor_known"),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statement.id"], name=op.f("fk_statement_approval_statement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_approval")),
        sa.UniqueConstraint(
            "statement_id", "approver", "pays_minor", "decisions", name="a_person_approves_a_draft_once"
        ),
        sqlite_strict=True,
    )
    protect("statement_approval")
    op.execute(_NOTE_DRAFTS)


def downgrade() -> None:
    op.drop_table("statement_approval")
    for table, column in (
        ("brand_rules_change", "second_person_above_minor"),
        ("brand_rules_change", "approve_without_notice"),
        ("statement", "silence_basis"),
        ("statement", "planned_review_ends_at"),
        ("statement", "noticed_at"),
    ):
        op.drop_column(table, column)
