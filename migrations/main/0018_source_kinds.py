"""The schema no longer lists the kinds of sources: the product declares them, and a kind can be added."""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import BIG_INT, UTC_TIME

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

KINDS = ("standard", "stripe", "shopify", "woocommerce", "api", "csv")
COLUMNS = (
    "id, brand_id, kind, namespace, secret_box, former_secret_box, created_at, deleted_at, stale_at, "
    "stale_ahead_s, supports_id"
)
API = sa.text("kind = 'api' and deleted_at is null")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("source_kind_known", "source", type_="check")
    else:
        _rebuild_source()


def downgrade() -> None:
    """The rule is as wide as the stored kinds: sources of new kinds may exist, and events name them."""
    stored = op.get_bind().scalars(sa.text("select distinct kind from source")).all()
    listed = ", ".join(f"'{kind}'" for kind in (*KINDS, *sorted({*stored} - {*KINDS})))
    rule = f"kind in ({listed})"
    if op.get_bind().dialect.name == "postgresql":
        op.create_check_constraint("source_kind_known", "source", rule)
    else:
        _rebuild_source(sa.CheckConstraint(rule, name="source_kind_known"))


def _rebuild_source(*rules: sa.CheckConstraint) -> None:
    """SQLite cannot drop a rule. As in 0012, the rows are taken out and put back under deferred keys."""
    op.execute("pragma defer_foreign_keys = on")
    op.execute("create temporary table former_source as select * from source")
    op.drop_table("source")
    op.create_table(
        "source",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("secret_box", sa.Text(), nullable=False),
        sa.Column("former_secret_box", sa.Text(), nullable=True),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("deleted_at", UTC_TIME, nullable=True),
        sa.Column("stale_at", UTC_TIME, nullable=True),
        sa.Column("stale_ahead_s", BIG_INT, nullable=True),
        *rules,
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_source_brand_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sqlite_strict=True,
    )
    # As 0016 adds it, whose downgrade drops it: SQLite drops a column with its key, not one that a key names.
    supports = "supports_id TEXT CONSTRAINT fk_source_supports_id REFERENCES source (id)"
    op.execute(f"ALTER TABLE source ADD COLUMN {supports}")
    op.create_index(op.f("ix_source_brand_id"), "source", ["brand_id"], unique=False)
    op.create_index("one_api_source_per_brand", "source", ["brand_id"], unique=True, sqlite_where=API)
    op.execute(f"insert into source ({COLUMNS}) select {COLUMNS} from former_source order by id")
    op.execute("drop table former_source")
