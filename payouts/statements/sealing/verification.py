"""Whether a sealed statement is what its hash says. Pure."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from config.canonical import canonical_json
from payouts.statements.document.head import FORMAT
from payouts.statements.rows.columns import EQUATION
from payouts.statements.sealing.parts import hash_of_hashes

HASH_DIFFERS = "was changed after it was sealed: its hash does not match"


def head_faults(body: str, sha256: str) -> Iterator[str]:
    """What is wrong with a head of format 2, in words that follow "the statement"."""
    if _sha256(body) != sha256:
        yield HASH_DIFFERS
        return
    head = json.loads(body)
    if head["format"] != FORMAT:
        yield f"has the format {head['format']}, which this version does not know"
        return
    if hash_of_hashes(head["parts"]) != head["parts_sha256"]:
        yield "names other parts than it was sealed with"
    if not balances(equation_of(head)):
        yield "does not balance"
    for kind, count in head["counts"].items():
        if sum(part["rows"] for part in head["parts"] if part["kind"] == kind) != count:
            yield f"has another number of {kind} than its parts"


def part_faults(listed: Mapping[str, Any], body: str) -> Iterator[str]:
    """What is wrong with a part that a head lists; the hash covers all that is in it."""
    name = f"part {listed['number']} of its {listed['kind']}"
    if not body:
        yield f"lacks {name}"
    elif _sha256(body) != listed["sha256"]:
        yield f"was changed after it was sealed: the hash of {name} does not match"


def document_faults(document: Mapping[str, Any], body: str, sha256: str) -> Iterator[str]:
    """What is wrong with a whole statement of format 1, which is stored as `body`."""
    if _sha256(body) != sha256:
        yield HASH_DIFFERS
    if not balances(equation_of(document)):
        yield "does not balance"


def export_faults(export: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the export of a statement of format 1, which has its hash beside its content."""
    if "sha256" not in export:
        yield "is not sealed: it has no hash"
        return
    document = {name: value for name, value in export.items() if name != "sha256"}
    yield from document_faults(document, canonical_json(document), export["sha256"])


def equation_of(document: Mapping[str, Any]) -> dict[str, int]:
    """The equation of a document of format 1, or of a head of format 2, in minor units.

    Raises KeyError when it is not complete.
    """
    equation = document["equation"]
    amounts = dict(equation) if isinstance(equation, list) else {n: a["minor"] for n, a in equation.items()}
    return {name: amounts[name] for name in EQUATION}


def balances(equation: Mapping[str, int]) -> bool:
    subtotal = equation["opening"] + equation["earned"] - equation["reversed"]
    return subtotal + equation["adjustments"] - equation["payments"] == equation["closing"]


def _sha256(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
