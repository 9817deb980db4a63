"""Reads the rows of a statement in the order of their keys, a page at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Select, bindparam, select, tuple_
from sqlalchemy.orm import Session

from config.canonical import canonical_json
from payouts.statements.minimum import minimum_of_statement
from payouts.statements.models import Statement
from payouts.statements.rows.columns import PartKind
from payouts.statements.rows.models import StatementCreator, StatementEntry, StatementLine
from payouts.statements.rows.shown import waiting_messages, whole_lines
from payouts.statements.rows.totals import has_content, split_of
from tracker.people.accounts.models import Brand

PAGE_ROWS = 1000
"""Fewer than what fits into a part of the sealed format."""

Key = tuple[str | int, ...]


class Row(NamedTuple):
    """A row of the sealed format as canonical JSON, with the key by which the rows of its kind are sorted."""

    key: Key
    creator_id: str
    body: str


@dataclass(frozen=True)
class Source:
    """What the rows of a statement are read with."""

    statement_id: str
    minimum_minor: int
    waiting: Mapping[str, Sequence[str]]


def source_of(session: Session, statement: Statement) -> Source:
    brand = session.get_one(Brand, statement.brand_id)
    waiting = waiting_messages(session, statement.brand_id)
    return Source(statement.id, minimum_of_statement(statement, brand), waiting)


def rows_after(
    session: Session, source: Source, kind: PartKind, after: Key, creator_id: str = ""
) -> Sequence[Row]:
    """The next rows of a kind, at most PAGE_ROWS; an empty key begins. `creator_id`: only of this creator."""
    return _READERS[kind](session, source, after, creator_id)


def all_rows(
    session: Session, source: Source, kind: PartKind, creator_id: str = "", after: Key = ()
) -> Iterator[Row]:
    page = rows_after(session, source, kind, after, creator_id)
    while page:
        yield from page
        page = rows_after(session, source, kind, page[-1].key, creator_id)


def _creators(session: Session, source: Source, after: Key, creator_id: str) -> list[Row]:
    parameters = {"after": after[0] if after else "", "statement_id": source.statement_id}
    rows = session.scalars(_creators_query(bool(creator_id)), parameters | {"creator_id": creator_id})
    return [Row((each.creator_id,), each.creator_id, _creator(source, each)) for each in rows]


def _creator(source: Source, totals: StatementCreator) -> str:
    opening = totals.opening_pending_minor + totals.opening_payable_minor + totals.opening_in_transit_minor
    closing = totals.pending_minor + totals.payable_minor + totals.in_transit_minor
    return canonical_json(
        (
            totals.creator_id,
            totals.name,
            opening,
            totals.earned_minor,
            totals.reversed_minor,
            totals.adjustments_minor,
            totals.payments_minor,
            closing,
            totals.pending_minor,
            *split_of(totals.payable_minor, source.minimum_minor),
            totals.in_transit_minor,
            totals.released_minor,
            totals.line_count,
            totals.adjustment_count,
            totals.payment_count,
        )
    )


def _lines(session: Session, source: Source, after: Key, creator_id: str) -> list[Row]:
    key = dict(zip(("last_creator", "last_commission"), after or ("", ""), strict=True))
    parameters = {"statement_id": source.statement_id, "creator_id": creator_id, **key}
    rows = session.connection().execute(_lines_query(bool(creator_id)), parameters).all()
    bodies = whole_lines(session, rows, source.waiting)
    return [
        Row((creator, commission), creator, body)
        for (creator, commission, *_), body in zip(rows, bodies, strict=True)
    ]


def _entries(section: str) -> Callable[[Session, Source, Key, str], list[Row]]:
    def read(session: Session, source: Source, after: Key, creator_id: str) -> list[Row]:
        key = dict(zip(("last_creator", "last_seq", "last_line"), after or ("", 0, 0), strict=True))
        parameters = {"statement_id": source.statement_id, "section": section, "creator_id": creator_id}
        rows = session.execute(_entries_query(bool(creator_id)), parameters | key).all()
        return [Row((row.creator_id, row.seq, row.line), row.creator_id, row.body) for row in rows]

    return read


_READERS: Mapping[PartKind, Callable[[Session, Source, Key, str], list[Row]]] = {
    "creators": _creators,
    "lines": _lines,
    "adjustments": _entries("adjustments"),
    "payments": _entries("payments"),
}

_STATEMENT: BindParameter[str] = bindparam("statement_id")
_CREATOR: BindParameter[str] = bindparam("creator_id")


@cache
def _creators_query(one: bool) -> Select[StatementCreator]:
    """Parameters: `statement_id`, `after`, `creator_id`."""
    query = select(StatementCreator).where(
        StatementCreator.statement_id == _STATEMENT,
        StatementCreator.creator_id > bindparam("after"),
        has_content(),
    )
    query = query.where(StatementCreator.creator_id == _CREATOR) if one else query
    return query.order_by(StatementCreator.creator_id).limit(PAGE_ROWS)


@cache
def _lines_query(one: bool) -> Select[*tuple[Any, ...]]:
    """Parameters: `statement_id`, `last_creator`, `last_commission`, `creator_id`."""
    columns = (StatementLine.creator_id, StatementLine.commission_id)
    query = select(*columns, StatementLine.held_minor, StatementLine.body).where(
        StatementLine.statement_id == _STATEMENT,
        tuple_(*columns) > tuple_(bindparam("last_creator"), bindparam("last_commission")),
    )
    query = query.where(StatementLine.creator_id == _CREATOR) if one else query
    return query.order_by(*columns).limit(PAGE_ROWS)


@cache
def _entries_query(one: bool) -> Select[*tuple[Any, ...]]:
    """Parameters: `statement_id`, `section`, `last_creator`, `last_seq`, `last_line`, `creator_id`."""
    columns = (StatementEntry.creator_id, StatementEntry.seq, StatementEntry.line)
    last: tuple[BindParameter[Any], ...] = (
        bindparam("last_creator"),
        bindparam("last_seq"),
        bindparam("last_line"),
    )
    query = select(*columns, StatementEntry.body).where(
        StatementEntry.statement_id == _STATEMENT,
        StatementEntry.section == bindparam("section"),
        tuple_(*columns) > tuple_(*last),
    )
    query = query.where(StatementEntry.creator_id == _CREATOR) if one else query
    return query.order_by(*columns).limit(PAGE_ROWS)
