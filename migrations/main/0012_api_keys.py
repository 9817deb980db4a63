"""Keys of the brands' programs, and the kinds of source that report through doors of our own."""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import UTC_TIME

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

API = sa.text("kind = 'api' and deleted_at is null")
KINDS = "kind in ('standard', 'stripe', 'shopify', 'woocommerce', 'api', 'csv')"


def upgrade() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", UTC_TIME, nullable=False),
        sa.Column("expires_at", UTC_TIME, nullable=True),
        sa.Column("revoked_at", UTC_TIME, nullable=True),
        sa.Column("last_used_at", UTC_TIME, nullable=True),
        sa.CheckConstraint("length(secret_hash) = 64", name="api_key_secret_is_hashed"),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_api_key_brand_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_api_key_brand_id"), "api_key", ["brand_id"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("source_kind_known", "source")
        op.create_check_constraint("source_kind_known", "source", KINDS)
    else:
        _make_source_anew()
    op.create_index(
        "one_api_source_per_brand",
        "source",
        ["brand_id"],
        unique=True,
        sqlite_where=API,
        postgresql_where=API,
    )


def downgrade() -> None:
    """The rule for kinds stays as wide as it is: sources of the new kinds may stand, and events name them."""
    op.drop_index("one_api_source_per_brand", table_name="source")
    op.drop_index(op.f("ix_api_key_brand_id"), table_name="api_key")
    op.drop_table("api_key")


def _make_source_anew() -> None:
    """SQLite cannot change a rule. Events name sources, so that is put off to the end of the transaction:
    each row that comes back settles what its absence had broken, which renaming a table would not do.
    """
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
        sa.CheckConstraint(KINDS, name="source_kind_known"),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.id"], name=op.f("fk_source_brand_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_source_brand_id"), "source", ["brand_id"], unique=False)
    columns = "id, brand_id, kind, namespace, secret_box, former_secret_box, created_at, deleted_at"
    op.execute(f"insert into source ({columns}) select {columns} from former_source")
    op.execute("drop table former_source")
