"""Statements in rows, written as a period closes; parts of the sealed format 2; a place for a signature."""

import sqlalchemy as sa
from alembic import op

from migrations.append_only import protect
from migrations.column_types import BIG_INT

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

TOTALS = (
    "opening_pending_minor",
    "opening_payable_minor",
    "opening_in_transit_minor",
    "earned_minor",
    "reversed_minor",
    "adjustments_minor",
    "payments_minor",
    "released_minor",
    "pending_minor",
    "payable_minor",
    "in_transit_minor",
    "line_count",
    "adjustment_count",
    "payment_count",
)
OF_STATEMENT = (
    "held_minor",
    "split_payable_minor",
    "below_minimum_minor",
    "owed_by_creator_minor",
    "creator_count",
)


def upgrade() -> None:
    known = sa.CheckConstraint("rows_state in ('building', 'ready')", name="state_of_statement_rows_known")
    op.add_column("statement", sa.Column("rows_state", sa.Text(), known, nullable=True))
    op.add_column("statement", sa.Column("rows_seq", BIG_INT, nullable=True))
    op.add_column("statement", sa.Column("rows_cursor", BIG_INT, nullable=True))
    op.add_column("statement", sa.Column("rows_after", sa.Text(), nullable=True))
    op.add_column("sealed_document", sa.Column("signature", sa.Text(), nullable=True))
    op.add_column("sealed_document", sa.Column("signature_key", sa.Text(), nullable=True))
    _create(
        "statement_line",
        {"statement_id": "statement", "creator_id": "creator", "commission_id": "commission"},
        _text("status"),
        *_numbers(
            "earned_minor",
            "reversed_minor",
            "released_minor",
            "pending_minor",
            "held_minor",
            "remaining_minor",
        ),
        _text("body"),
    )
    _create_entries()
    _create(
        "statement_creator",
        {"statement_id": "statement", "creator_id": "creator"},
        _text("name"),
        *_numbers(*TOTALS),
    )
    _create("statement_total", {"statement_id": "statement"}, *_numbers(*TOTALS, *OF_STATEMENT))
    _create_parts()


def _create_entries() -> None:
    numbers = ("amount_minor", "pending_minor", "payable_minor", "in_transit_minor", "released_minor")
    op.create_table(
        "statement_entry",
        _text("statement_id"),
        _text("section"),
        _text("creator_id"),
        *_numbers("seq", "line"),
        _text("transaction_id"),
        *_numbers(*numbers),
        _text("body"),
        sa.CheckConstraint(
            "section in ('earned', 'reversed', 'adjustments', 'payments', 'none')",
            name="section_of_statement_entry_known",
        ),
        _reference("statement_entry", "statement_id", "statement"),
        _reference("statement_entry", "creator_id", "creator"),
        _reference("statement_entry", "transaction_id", "ledger_transaction"),
        sa.PrimaryKeyConstraint(
            "statement_id", "section", "creator_id", "seq", "line", name=op.f("pk_statement_entry")
        ),
        sqlite_strict=True,
    )


def _create_parts() -> None:
    op.create_table(
        "sealed_part",
        _text("statement_id"),
        _text("kind"),
        *_numbers("number", "row_count"),
        _text("last_key"),
        _text("body"),
        _text("sha256"),
        sa.CheckConstraint(
            "kind in ('creators', 'lines', 'adjustments', 'payments')", name="kind_of_sealed_part_known"
        ),
        _reference("sealed_part", "statement_id", "statement"),
        sa.PrimaryKeyConstraint("statement_id", "kind", "number", name=op.f("pk_sealed_part")),
        sqlite_strict=True,
    )
    protect("sealed_part")


def _create(table: str, keys: dict[str, str], *columns: sa.Column[object]) -> None:
    """A table whose key consists of references to other tables."""
    op.create_table(
        table,
        *(_text(column) for column in keys),
        *columns,
        *(_reference(table, column, target) for column, target in keys.items()),
        sa.PrimaryKeyConstraint(*keys, name=op.f(f"pk_{table}")),
        sqlite_strict=True,
    )


def _text(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=False)


def _numbers(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, BIG_INT, nullable=False) for name in names]


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def downgrade() -> None:
    for table in (
        "sealed_part",
        "statement_total",
        "statement_creator",
        "statement_entry",
        "statement_line",
    ):
        op.drop_table(table)
    for column in ("signature_key", "signature"):
        op.drop_column("sealed_document", column)
    for column in ("rows_after", "rows_cursor", "rows_seq", "rows_state"):
        op.drop_column("statement", column)
