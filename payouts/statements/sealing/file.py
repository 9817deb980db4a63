"""A sealed statement of format 2 as a file, and its verification, part by part.

Head and parts each have a line of their own with exactly the bytes that were hashed, so that a person can
verify the file with sed and sha256sum (docs/statements.md).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.canonical import canonical_json
from payouts.statements.models import SealedDocument, SealedPart
from payouts.statements.sealing.verification import HASH_DIFFERS, export_faults, head_faults, part_faults


def sealed_pieces(session: Session, sealed: SealedDocument) -> Iterator[str]:
    """The file: `{"head", "sha256", "signature", "signature_key", "parts"}`, one part at a time."""
    yield f'{{"head":\n{sealed.body}\n'
    values = {name: getattr(sealed, name) for name in ("sha256", "signature", "signature_key")}
    yield f',{canonical_json(values)[1:-1]},"parts":[\n'
    before = ""
    for part in json.loads(sealed.body)["parts"]:
        yield before + part_body(session, sealed.statement_id, part) + "\n"
        before = ",\n"
    yield "]}\n"


def part_body(session: Session, statement_id: str, part: Mapping[str, Any]) -> str:
    """The stored body of a part that a head names; "" when it is gone."""
    body = session.scalar(
        select(SealedPart.body).where(
            SealedPart.statement_id == statement_id,
            SealedPart.kind == part["kind"],
            SealedPart.number == part["number"],
        )
    )
    return body or ""


def file_faults(lines: Iterable[str]) -> Iterator[str]:
    """In words, what is wrong with a file: the export of a sealed statement of format 1 or 2.

    One that was written by `sealed_pieces` is read line by line; any other is read into memory.
    """
    rows = iter(lines)
    first = next(rows, "")
    if first.rstrip("\n") != '{"head":':
        yield from _whole_faults(first + "".join(rows))
        return
    body = next(rows, "").rstrip("\n")
    sha256 = json.loads("{" + next(rows, "")[1:].rstrip("\n") + "]}")["sha256"]
    faults = list(head_faults(body, sha256))
    yield from faults
    if HASH_DIFFERS in faults:
        return
    listed = json.loads(body)["parts"]
    bodies = (row.rstrip("\n") for row in rows if row.strip() not in (",", "]}", ""))
    yield from _parts_faults(listed, bodies)


def _parts_faults(listed: Sequence[Mapping[str, Any]], bodies: Iterator[str]) -> Iterator[str]:
    """Of the parts that a head names, and of the bodies in their order."""
    for part in listed:
        yield from part_faults(part, next(bodies, ""))
    if next(bodies, None) is not None:
        yield "has more parts than it was sealed with"


def _whole_faults(text: str) -> Iterator[str]:
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("a statement is a JSON object")
    if "head" not in document:
        yield from export_faults(document)
        return
    body = canonical_json(document["head"])
    yield from head_faults(body, document["sha256"])
    bodies = (canonical_json(part) for part in document["parts"])
    yield from _parts_faults(document["head"]["parts"], bodies)
