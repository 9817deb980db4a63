"""A statement as JSON in pieces: it is never in memory as a whole. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from payouts.statements.document.shape import CreatorPart, OpenStatement


def json_pieces(statement: OpenStatement) -> Iterator[str]:
    """The text of `json.dumps(statement.as_json(), ensure_ascii=False, indent=2)`."""
    yield "{\n"
    yield from (f"{field},\n" for field in _fields(statement.head, 2))
    yield '  "creators": '
    yield from _array((_creator(each) for each in statement.creators), 2)
    yield from (f",\n{field}" for field in _fields(statement.ending, 2))
    yield "\n}"


def _creator(part: CreatorPart) -> Iterator[str]:
    yield "{\n"
    yield from (f"{field},\n" for field in _fields(part.head, 6))
    yield '      "lines": '
    yield from _array(([_indented(line, 8)] for line in part.lines), 6)
    rest = {"adjustments": part.adjustments, "payments": part.payments}
    yield from (f",\n{field}" for field in _fields(rest, 6))
    yield "\n    }"


def _fields(values: Mapping[str, Any], indent: int) -> Iterator[str]:
    for name, value in values.items():
        yield f"{' ' * indent}{json.dumps(name)}: {_indented(value, indent)}"


def _array(items: Iterable[Iterable[str]], indent: int) -> Iterator[str]:
    """An array whose items come in pieces; `indent` is that of its last bracket."""
    before = "[\n"
    for item in items:
        yield before + " " * (indent + 2)
        yield from item
        before = ",\n"
    yield "[]" if before == "[\n" else f"\n{' ' * indent}]"


def _indented(value: Any, indent: int) -> str:
    """A string contains no line break in JSON, so all of them are between values."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return text.replace("\n", f"\n{' ' * indent}")
