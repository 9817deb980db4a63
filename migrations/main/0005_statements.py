"""Statements and the sealed documents."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect
from migrations.column_types import UTC_TIME

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "statement",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("period_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("drafted_at", UTC_TIME, nullable=False),
        sa.Column("review_ends_at", UTC_TIME, nullable=False),
        sa.Column("pay_from", UTC_TIME, nullable=False),
        sa.Column("sealed_at", UTC_TIME, nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'sealed') = (sealed_at is not null)", name="a_sealed_statement_says_when"
        ),
        sa.CheckConstraint("state in ('draft', 'sealed')", name="statement_state_known"),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_statement_brand_id")),
        sa.ForeignKeyConstraint(["period_id"], ["period.id"], name=op.f("fk_statement_period_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement")),
        sa.UniqueConstraint(
            "brand_id", "currency", "period_id", name="one_statement_per_period_and_currency"
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "sealed_document",
        sa.Column("statement_id", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("previous_sha256", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statement.id"], name=op.f("fk_sealed_document_statement_id")
        ),
        sa.PrimaryKeyConstraint("statement_id", name=op.f("pk_sealed_document")),
        sqlite_strict=True,
    )
    protect("sealed_document")
    protect("statement", when="OLD.state = 'sealed'")


def downgrade() -> None:
    op.drop_table("sealed_document")
    op.drop_table("statement")
