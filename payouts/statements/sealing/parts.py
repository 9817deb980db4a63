"""The parts of a sealed statement: made from its rows, which stay as they are since the approval.

A part is made in a read and stored in a short transaction. After a crash, or beside another process that
seals the same statement, the next part begins after the last one that is stored.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from config.canonical import canonical_json
from config.insert import insert_once
from payouts.statements.models import SealedPart, Statement
from payouts.statements.rows.columns import COLUMNS, PartKind, names_of
from payouts.statements.rows.reading import Key, Row, Source, all_rows, source_of

PART_BYTES = 990_000
"""The most that the rows of a part have in UTF-8; a single row that is larger is a part of its own.

With the names of the columns a part has at most 1 MB.
"""


@dataclass(frozen=True)
class Part:
    """A part that is not stored yet."""

    statement_id: str
    kind: PartKind
    number: int
    row_count: int
    last_key: Key
    body: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body.encode()).hexdigest()


def missing_parts(session: Session, statement: Statement) -> Iterator[Part]:
    """The parts that are not stored yet, in their order. Only one is in memory at a time."""
    source = source_of(session, statement)
    for kind in COLUMNS:
        number, after = _last_stored(session, statement.id, kind)
        for rows in _in_sizes(all_rows(session, source, kind, after=after)):
            number += 1
            yield _part(source, kind, number, rows)


def store_part(session: Session, part: Part) -> bool:
    """Store it once. False when another process has stored that part, which may be another one."""
    return insert_once(
        session,
        SealedPart,
        statement_id=part.statement_id,
        kind=part.kind,
        number=part.number,
        row_count=part.row_count,
        last_key=canonical_json(part.last_key),
        body=part.body,
        sha256=part.sha256,
    )


def parts_of(session: Session, statement_id: str) -> list[dict[str, Any]]:
    """What the head says of the stored parts, in the order in which they are hashed."""
    rows = session.execute(_stored(), {"statement_id": statement_id}).all()
    order = list(COLUMNS)
    return [
        {"kind": row.kind, "number": row.number, "rows": row.row_count, "sha256": row.sha256}
        for row in sorted(rows, key=lambda row: (order.index(row.kind), row.number))
    ]


def hash_of_hashes(parts: Sequence[dict[str, Any]]) -> str:
    """SHA-256 of the parts' hashes in hexadecimal, one after the other without a separator."""
    return hashlib.sha256("".join(part["sha256"] for part in parts).encode()).hexdigest()


def _last_stored(session: Session, statement_id: str, kind: PartKind) -> tuple[int, Key]:
    row = session.execute(_last(), {"statement_id": statement_id, "kind": kind}).first()
    return (row.number, tuple(json.loads(row.last_key))) if row else (0, ())


def _in_sizes(rows: Iterator[Row]) -> Iterator[Sequence[Row]]:
    """As many rows as fit into a part, one part after the other."""
    chosen: list[Row] = []
    size = 0
    for row in rows:
        row_size = _bytes_of(row.body) + 1
        if chosen and size + row_size > PART_BYTES:
            yield chosen
            chosen, size = [], 0
        chosen.append(row)
        size += row_size
    if chosen:
        yield chosen


def _bytes_of(text: str) -> int:
    """In UTF-8. Python knows whether a text is ASCII, without a look at its characters."""
    return len(text) if text.isascii() else len(text.encode())


def _part(source: Source, kind: PartKind, number: int, rows: Sequence[Row]) -> Part:
    """Canonical JSON (RFC 8785): its keys are in alphabetical order, and the rows are canonical already."""
    columns, listed = canonical_json(names_of(kind)), ",".join(row.body for row in rows)
    body = (
        f'{{"columns":{columns},"kind":"{kind}","number":{number},"rows":[{listed}],'
        f'"statement":{canonical_json(source.statement_id)}}}'
    )
    return Part(source.statement_id, kind, number, len(rows), rows[-1].key, body)


@cache
def _last() -> Select[int, str]:
    """Parameters: `statement_id`, `kind`."""
    return (
        select(SealedPart.number, SealedPart.last_key)
        .where(SealedPart.statement_id == bindparam("statement_id"), SealedPart.kind == bindparam("kind"))
        .order_by(SealedPart.number.desc())
        .limit(1)
    )


@cache
def _stored() -> Select[str, int, int, str]:
    """Parameter: `statement_id`."""
    return select(SealedPart.kind, SealedPart.number, SealedPart.row_count, SealedPart.sha256).where(
        SealedPart.statement_id == bindparam("statement_id")
    )
