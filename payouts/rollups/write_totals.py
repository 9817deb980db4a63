"""Stores the totals of a day, and of its month, as far as they differ from what is stored."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Table, delete, func, select, tuple_
from sqlalchemy.orm import Session

from config.insert import insert_into, insert_of
from config.locking.tables import lock_for_writers
from payouts.rollups.models import CountedDay, CountedSlot, SaleDay, SaleMonth
from payouts.rollups.rules import FIGURES, DayTotals, Key, month_of

_KEYS_PER_QUERY = 500


def write_day(session: Session, computed: DayTotals, limit: int) -> int:
    """Store up to `limit` totals of the day that are new or changed. Returns how many; fewer at the end.

    Also 0 when the stored totals were computed from more rows: another job was faster, and its are newer.
    """
    lock_for_writers(session, CountedDay)
    if not _is_newest(session, computed):
        return 0
    stored = stored_totals(session, computed)
    wanted = {key: tuple(figures) for key, figures in computed.totals.items()}
    changed = [key for key in wanted if wanted[key] != stored.get(key)][:limit]
    gone = [key for key in stored if key not in wanted][: limit - len(changed)]
    _upsert(session, SaleDay, [_row(computed, "day", computed.day, key, wanted[key]) for key in changed])
    _remove(session, SaleDay, SaleDay.day == computed.day, computed.brand_id, gone)
    _sum_up_month(session, computed, [*changed, *gone])
    return len(changed) + len(gone)


def write_slots(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Store that the totals take these numbers of rows into account. A row: `starts_at`, `counted`."""
    statement = insert_into(CountedSlot, session)
    changed = {"counted": statement.excluded.counted}
    session.execute(statement.on_conflict_do_update(index_elements=["starts_at"], set_=changed), rows)


def _is_newest(session: Session, computed: DayTotals) -> bool:
    statement = insert_into(CountedDay, session)
    newest = statement.on_conflict_do_update(
        index_elements=["brand_id", "day"],
        set_={"counted": statement.excluded.counted},
        where=CountedDay.counted <= statement.excluded.counted,
    )
    values = {"brand_id": computed.brand_id, "day": computed.day, "counted": computed.rows}
    return session.execute(newest.values(values).returning(CountedDay.counted)).first() is not None


def stored_totals(session: Session, computed: DayTotals) -> dict[Key, tuple[int, ...]]:
    """What is stored for the day of `computed`."""
    columns = [getattr(SaleDay, name) for name in (*Key._fields, *FIGURES)]
    of_day = (SaleDay.brand_id == computed.brand_id, SaleDay.day == computed.day)
    rows = session.execute(select(*columns).where(*of_day))
    return {Key(scope, subject, currency): tuple(figures) for scope, subject, currency, *figures in rows}


def _row(computed: DayTotals, unit: str, name: str, key: Key, figures: Sequence[int]) -> dict[str, Any]:
    """The columns of a row; `unit` is the column of its day or month."""
    own = {"brand_id": computed.brand_id, unit: name, **key._asdict()}
    return own | dict(zip(FIGURES, figures, strict=True))


def _upsert(session: Session, model: type[SaleDay | SaleMonth], rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session.execute(_upsert_statement(model, session.get_bind().dialect.name), rows)


@cache
def _upsert_statement(model: type[SaleDay | SaleMonth], dialect: str) -> Any:
    statement, table = insert_of(dialect)(model), model.__table__
    assert isinstance(table, Table)
    changed = {name: statement.excluded[name] for name in FIGURES}
    keys = [each.name for each in table.primary_key.columns]
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)


def _remove(
    session: Session, model: type[SaleDay | SaleMonth], of_span: Any, brand_id: str, keys: Collection[Key]
) -> None:
    """Rows of a link vanish when newer evidence for the same creator names another link."""
    if keys:
        own = tuple_(model.scope, model.subject_id, model.currency).in_([tuple(key) for key in keys])
        session.execute(delete(model).where(model.brand_id == brand_id, of_span, own))


def _sum_up_month(session: Session, computed: DayTotals, keys: Sequence[Key]) -> None:
    """Compute the month's totals of these subjects again, from its days."""
    month = month_of(computed.day)
    found: dict[Key, tuple[int, ...]] = {}
    for first in range(0, len(keys), _KEYS_PER_QUERY):
        found |= _sums(session, computed.brand_id, month, keys[first : first + _KEYS_PER_QUERY])
    wanted = [_row(computed, "month", month, key, found[key]) for key in keys if key in found]
    _upsert(session, SaleMonth, wanted)
    gone = [key for key in keys if key not in found]
    _remove(session, SaleMonth, SaleMonth.month == month, computed.brand_id, gone)


def _sums(session: Session, brand_id: str, month: str, keys: Sequence[Key]) -> dict[Key, tuple[int, ...]]:
    """By subject: the sums of its days; every currency of the subjects that `keys` name."""
    columns = [getattr(SaleDay, name) for name in Key._fields]
    rows = session.execute(
        select(*columns, *(func.sum(getattr(SaleDay, name)) for name in FIGURES))
        .where(
            SaleDay.brand_id == brand_id,
            SaleDay.scope.in_({key.scope for key in keys}),
            SaleDay.subject_id.in_({key.subject_id for key in keys}),
            SaleDay.day.between(f"{month}-01", f"{month}-31"),
        )
        .group_by(*columns)
    )
    return {
        Key(scope, subject, currency): tuple(map(int, figures)) for scope, subject, currency, *figures in rows
    }
