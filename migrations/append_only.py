"""Makes the database itself refuse UPDATE and DELETE on a table: what is written there stays."""

from collections.abc import Sequence

from alembic import op

_MESSAGE = "rows of {table} are never changed: correct them by a new row"

_POSTGRESQL_FUNCTION = """
create or replace function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'rows of % are never changed: correct them by a new row', tg_table_name
        using errcode = 'restrict_violation';
end $$
"""


def protect(table: str, when: str = "", *, actions: Sequence[str] = ("update", "delete")) -> None:
    """Refuse changes to rows, on SQLite and PostgreSQL; `when` limits it, for example "OLD.state = 'x'"."""
    condition = f"when ({when})" if when else ""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_POSTGRESQL_FUNCTION)
        op.execute(
            f"create trigger {table}_stays before {' or '.join(actions)} on {table} "
            f"for each row {condition} execute function refuse_change()"
        )
        if "delete" in actions:
            op.execute(
                f"create trigger {table}_is_not_emptied before truncate on {table} "
                "for each statement execute function refuse_change()"
            )
        return
    for action in actions:
        op.execute(
            f"create trigger {table}_refuses_{action} before {action} on {table} {condition} "
            f"begin select raise(abort, '{_MESSAGE.format(table=table)}'); end"
        )
