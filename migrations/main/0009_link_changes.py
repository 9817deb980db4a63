"""Which links changed, numbered in the order of commits, so that processes that keep links in memory see it.

The number comes from one row, in the transaction of the change: whoever changes a link next waits for it, so
numbers become visible in their order, and who has seen one has seen all below it. A trigger takes it, and so
no way of changing a link can forget to.
"""

import sqlalchemy as sa
from alembic import op

from migrations.column_types import BIG_INT

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SUBJECTS = ("link", "enrollment", "program", "brand")
KEPT_CHANGES = 10_000

_NEXT_VERSION = """
    insert into link_version (id, version) values (1, 1)
        on conflict (id) do update set version = link_version.version + 1;
"""
_FORGET = f"delete from link_change where version <= (select version from link_version) - {KEPT_CHANGES};"


def upgrade() -> None:
    op.create_table(
        "link_version",
        sa.Column("id", BIG_INT, autoincrement=False, nullable=False),
        sa.Column("version", BIG_INT, nullable=False),
        sa.CheckConstraint("id = 1", name="there_is_one_link_version"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_version")),
        sqlite_strict=True,
    )
    op.create_table(
        "link_change",
        sa.Column("version", BIG_INT, autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "subject in ('link', 'enrollment', 'program', 'brand')", name="link_change_subject_known"
        ),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_link_change")),
        sqlite_strict=True,
    )
    if op.get_bind().dialect.name == "postgresql":
        _watch_on_postgresql()
    else:
        _watch_on_sqlite()


def _watch_on_postgresql() -> None:
    op.execute(
        f"""
        create function note_link_change() returns trigger language plpgsql as $$
        begin
            {_NEXT_VERSION}
            insert into link_change (version, subject, subject_id)
                select version, tg_table_name, new.id from link_version;
            {_FORGET}
            return null;
        end $$
        """
    )
    for subject in SUBJECTS:
        op.execute(
            f"create trigger {subject}_change_is_numbered after update on {subject} "
            "for each row execute function note_link_change()"
        )


def _watch_on_sqlite() -> None:
    for subject in SUBJECTS:
        op.execute(
            f"""
            create trigger {subject}_change_is_numbered after update on {subject} begin
                {_NEXT_VERSION}
                insert into link_change (version, subject, subject_id)
                    select version, '{subject}', new.id from link_version;
                {_FORGET}
            end
            """
        )


def downgrade() -> None:
    for subject in SUBJECTS:
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"drop trigger {subject}_change_is_numbered on {subject}")
        else:
            op.execute(f"drop trigger {subject}_change_is_numbered")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("drop function note_link_change()")
    op.drop_table("link_change")
    op.drop_table("link_version")
