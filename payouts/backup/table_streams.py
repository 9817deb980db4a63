"""Read and write whole tables as streams, in the same order on both kinds of databases."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Engine,
    Integer,
    MetaData,
    Select,
    TableClause,
    Text,
    column,
    func,
    insert,
    literal,
    select,
    table,
    text,
    tuple_,
)
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from config.columns import Bytes, CanonicalJson, Flag, UtcTime, Uuid16
from config.database import read_session
from payouts.backup.manifest import CLICK_SET, MAIN_SET, ChainHead, Column, SetName, TableShape
from payouts.backup.row_encoding import Kind
from payouts.tables import CLICK_TABLES, MAIN_TABLES

BATCH_ROWS = 1000
PAGE_ROWS = 2000
"""Reading a page of clicks takes a few milliseconds; clicks.db must not be locked for longer than 50 ms."""

_TYPES: dict[Kind, TypeEngine[Any]] = {
    "text": Text(),
    "integer": BigInteger(),
    "flag": Flag(),
    "time": UtcTime(),
    "bytes": Bytes(),
    "uuid": Uuid16(),
}
# JSON columns are saved as their exact text, because hashes in the books were made from it.
_KINDS: tuple[tuple[type[TypeEngine[Any]], Kind], ...] = (
    (CanonicalJson, "text"),
    (Flag, "flag"),
    (UtcTime, "time"),
    (Bytes, "bytes"),
    (Uuid16, "uuid"),
    (Integer, "integer"),
    (Text, "text"),
)


def current_shapes() -> list[TableShape]:
    """Every table of this version, in an order in which rows can be inserted."""
    return [*_shapes(MAIN_SET, MAIN_TABLES), *_shapes(CLICK_SET, CLICK_TABLES)]


def rows_of(session: Session, shape: TableShape) -> Iterator[Sequence[Any]]:
    """All rows in the session's snapshot, ordered by key; only one batch at a time is in memory."""
    statement = _ordered(_table(shape), shape, session.get_bind().dialect.name)
    yield from session.execute(statement, execution_options={"yield_per": BATCH_ROWS})


def paged_rows(engine: Engine, shape: TableShape, page_rows: int = PAGE_ROWS) -> Iterator[Sequence[Any]]:
    """All rows, ordered by key. Each page is read in its own short transaction; none is open in between.

    Rows that exist during the whole time are included; rows that are added or deleted meanwhile may be. Two
    tables that are read like this need not agree with each other.
    """
    source = _table(shape)
    statement = _ordered(source, shape, engine.dialect.name).limit(page_rows)
    rows = _page(engine, statement)
    while rows:
        yield from rows
        rows = _page(engine, statement.where(_after(source, shape, rows[-1])))


def insert_rows(session: Session, shape: TableShape, rows: Iterable[Sequence[Any]]) -> None:
    names = [each.name for each in shape.columns]
    statement = insert(_table(shape))
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(dict(zip(names, row, strict=True)))
        if len(batch) == BATCH_ROWS:
            session.execute(statement, batch)
            batch = []
    if batch:
        session.execute(statement, batch)


def advance_sequences(session: Session, shape: TableShape) -> None:
    """Set each sequence of the table to the highest number that was inserted.

    SQLite does this by itself; a sequence of PostgreSQL is not changed by inserted numbers.
    """
    if session.get_bind().dialect.name != "postgresql":
        return
    source = _table(shape)
    for name in (each.name for each in shape.columns if each.kind == "integer"):
        sequence = session.scalar(select(func.pg_get_serial_sequence(shape.table, name)))
        highest = session.scalar(select(func.max(source.c[name]))) if sequence else None
        if highest is not None:
            session.execute(select(func.setval(sequence, highest)))


def chain_heads(session: Session) -> tuple[ChainHead, ...]:
    """Where each brand's books end. Works also with the schema of an older version."""
    rows = session.execute(text("select brand_id, seq, head_hash from ledger_chain"))
    return tuple(ChainHead(brand_id=b, seq=s, head_hash=h) for b, s, h in sorted(tuple(row) for row in rows))


def _shapes(name: SetName, metadata: MetaData) -> Iterator[TableShape]:
    for model in metadata.sorted_tables:
        yield TableShape(
            set=name,
            table=model.name,
            columns=tuple(Column(name=each.name, kind=_kind(each.type)) for each in model.columns),
            key=tuple(each.name for each in model.primary_key.columns),
        )


def _kind(column_type: TypeEngine[Any]) -> Kind:
    return next(kind for known, kind in _KINDS if isinstance(column_type, known))


def _table(shape: TableShape) -> TableClause:
    return table(shape.table, *(column(each.name, _TYPES[each.kind]) for each in shape.columns))


def _ordered(source: TableClause, shape: TableShape, dialect: str) -> Select[Any]:
    """Rows ordered by key, texts by their bytes: the default of SQLite, but collation "C" of PostgreSQL."""
    texts = {each.name for each in shape.columns if each.kind == "text"}
    order: list[ColumnElement[Any]] = [
        source.c[name].collate("C") if dialect == "postgresql" and name in texts else source.c[name]
        for name in shape.key
    ]
    return select(source).order_by(*order)


def _after(source: TableClause, shape: TableShape, row: Sequence[Any]) -> ColumnElement[bool]:
    values = dict(zip((each.name for each in shape.columns), row, strict=True))
    last = [literal(values[name], source.c[name].type) for name in shape.key]
    return tuple_(*(source.c[name] for name in shape.key)) > tuple_(*last)


def _page(engine: Engine, statement: Select[Any]) -> Sequence[Sequence[Any]]:
    with read_session(engine) as session:
        return session.execute(statement).all()
