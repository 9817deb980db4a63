"""Which causes wait to be booked: triggers note each one as it is written, and jobs delete what is done.

So no writer can forget to, also not one of an older version that still runs. A new live commission notes the
causes that its sale already has: they may have been processed before it existed.
Inserts into the watched tables wait while this step runs: a few seconds for a million sales.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

CAUSES = {
    "refund": "refund",
    "refund_failure": "refund_failed",
    "refund_level": "refund_level",
    "cancellation": "cancellation",
    "dispute_status": "dispute",
}
"""By table: the kind of its rows."""

_WATCHED = {"attribution": "attribution", **CAUSES}

_INSERT = "insert into booking_work (brand_id, kind, cause_id, sale_id)"


def upgrade() -> None:
    op.create_table(
        "booking_work",
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("cause_id", sa.Text(), nullable=False),
        sa.Column("sale_id", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind in ('attribution', 'refund', 'refund_failed', 'refund_level', 'cancellation', 'dispute')",
            name="booking_work_kind_known",
        ),
        sa.PrimaryKeyConstraint("brand_id", "kind", "cause_id", name=op.f("pk_booking_work")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        _watch_on_postgresql()
    else:
        _watch_on_sqlite()
    op.execute(_INSERT + _due_attributions())
    for table, kind in CAUSES.items():
        op.execute(_INSERT + _due_causes(table, kind))


def _watch_on_postgresql() -> None:
    """Once per statement, whatever the number of rows. The subqueries are looked up by index in any plan."""
    op.execute(
        f"""
        create function leave_booking_work() returns trigger language plpgsql as $$
        begin
            {_INSERT}
                select (select brand_id from sale where sale.id = inserted.sale_id),
                    tg_argv[0], inserted.id, inserted.sale_id
                from inserted
                on conflict do nothing;
            return null;
        end $$
        """
    )
    for table, kind in _WATCHED.items():
        op.execute(
            f"create trigger {table}_leaves_booking_work after insert on {table} "
            "referencing new table as inserted "
            f"for each statement execute function leave_booking_work('{kind}')"
        )
    causes = " union all ".join(
        f"select '{kind}' as kind, id from {table} where {table}.sale_id = inserted.sale_id"
        for table, kind in CAUSES.items()
    )
    op.execute(
        f"""
        create function leave_booking_work_of_commission() returns trigger language plpgsql as $$
        begin
            {_INSERT}
                select inserted.brand_id, cause.kind, cause.id, inserted.sale_id
                from inserted cross join lateral ({causes}) as cause
                where inserted.live
                on conflict do nothing;
            return null;
        end $$
        """
    )
    op.execute(
        "create trigger commission_leaves_booking_work after insert on commission "
        "referencing new table as inserted "
        "for each statement execute function leave_booking_work_of_commission()"
    )


def _watch_on_sqlite() -> None:
    for table, kind in _WATCHED.items():
        op.execute(
            f"""
            create trigger {table}_leaves_booking_work after insert on {table} begin
                {_INSERT}
                    select brand_id, '{kind}', new.id, new.sale_id from sale where id = new.sale_id
                    on conflict do nothing;
            end
            """
        )
    causes = " union all ".join(
        f"select new.brand_id, '{kind}', id, new.sale_id from {table} where sale_id = new.sale_id"
        for table, kind in CAUSES.items()
    )
    op.execute(
        f"""
        create trigger commission_leaves_booking_work after insert on commission when new.live begin
            {_INSERT} {causes} on conflict do nothing;
        end
        """
    )


def _due_attributions() -> str:
    """The newest attribution of a sale that has no commission for it, unless a person has to decide."""
    return """
        select sale.brand_id, 'attribution', attribution.id, attribution.sale_id
        from attribution join sale on sale.id = attribution.sale_id
        where not sale.test
            and (attribution.enrollment_id is not null
                or exists (select 1 from commission where sale_id = attribution.sale_id and live))
            and not exists (select 1 from attribution newer
                where newer.sale_id = attribution.sale_id and newer.revision > attribution.revision)
            and not exists (select 1 from commission
                where sale_id = attribution.sale_id
                and (revision >= attribution.revision or (live and first_released_at is not null)))
    """


def _due_causes(table: str, kind: str) -> str:
    """Reports about the sale of a live commission in which they are not entered."""
    return f"""
        select commission.brand_id, '{kind}', {table}.id, {table}.sale_id
        from {table} join commission on commission.sale_id = {table}.sale_id
        where commission.live
            and not exists (select 1 from commission_entry
                where commission_id = commission.id and cause_id = {table}.id)
    """


def downgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    for table in (*_WATCHED, "commission"):
        op.execute(f"drop trigger {table}_leaves_booking_work" + (f" on {table}" if on_postgresql else ""))
    if on_postgresql:
        op.execute("drop function leave_booking_work()")
        op.execute("drop function leave_booking_work_of_commission()")
    op.drop_table("booking_work")
