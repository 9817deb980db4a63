"""Translates the header and the cells of a CSV file into messages for the inbox. Pure."""

import csv
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from config.canonical import canonical_json
from tracker.errors import Invalid
from tracker.sales.integrations import csv_line
from tracker.sales.reports.fields import read_time
from tracker.sales.reports.messages import Message
from tracker.sales.reports.normal import Report
from tracker.sales.reports.parsing import REPORT_TYPES

DELIMITERS = (",", ";", "\t")
TYPE_COLUMN = "type"
LINE_COLUMN, REASON_COLUMN = "rejected_line", "rejected_because"
"""The first two columns of a file of rejected lines; they are ignored when that file is imported."""

KNOWN_COLUMNS = {
    TYPE_COLUMN,
    LINE_COLUMN,
    REASON_COLUMN,
    *(field.name for fields in csv_line.FIELDS.values() for field in fields),
}
SINGULAR_BY_PLURAL = {each.plural: each.name for each in REPORT_TYPES}

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_LINE_BREAK = re.compile(r"\s*[\r\n]+\s*")
_ESCAPED_FORMULA = re.compile(r"'+[=+\-@\t\r]")
_NO_ZONE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2})(:[0-9]{2}(\.[0-9]{1,6})?)?")


@dataclass(frozen=True)
class ReadOptions:
    """How to read a file.

    `kind` is the type of lines that have none; `zone` is the zone of times that have none; `decimal_comma`
    means that amounts are written with a decimal comma.
    """

    kind: str = "sale"
    zone: ZoneInfo | None = None
    decimal_comma: bool = False


@dataclass(frozen=True)
class Header:
    """The first line: `cells` unchanged, `names` normalized for matching."""

    delimiter: str
    cells: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def unknown(self) -> tuple[str, ...]:
        """The columns that are not imported."""
        return tuple(
            cell.strip()
            for cell, name in zip(self.cells, self.names, strict=True)
            if name and name not in KNOWN_COLUMNS
        )


@dataclass(frozen=True)
class Line:
    """A valid line, with its message, the message's body, and its report."""

    number: int
    cells: tuple[str, ...]
    body: bytes
    message: Message
    report: Report

    @property
    def external_id(self) -> str:
        """A hash of the content: the same line is the same message, in any file and at any position."""
        return f"line-{hashlib.sha256(self.body).hexdigest()}"


def read_header(line: str, kind: str) -> Header:
    """Parses the first line; the delimiter is the one that yields most known columns. Raises Invalid."""
    header = max((_split_header(line, delimiter) for delimiter in DELIMITERS), key=_known_names)
    twice = sorted({name for name in header.names if name in KNOWN_COLUMNS and header.names.count(name) > 1})
    if twice:
        raise Invalid(f"The header names {', '.join(twice)} more than once; rename or remove one of them.")
    missing = [name for name in _required_columns(header, kind) if name not in header.names]
    if missing:
        raise Invalid(
            f"The first line must name the columns; missing: {', '.join(missing)}. "
            f"It names {', '.join(name[:40] for name in header.names[:40]) or 'nothing'}."
        )
    return header


def read_line(header: Header, number: int, cells: Sequence[str], options: ReadOptions, now: datetime) -> Line:
    """Parses and validates one line. Raises Invalid, naming the invalid column."""
    if len(cells) != len(header.names):
        raise Invalid(f"The line has {len(cells)} cells, but the header has {len(header.names)}.")
    named = {
        name: _LINE_BREAK.sub(" ", unescape_formula(cell).strip())
        for name, cell in zip(header.names, cells, strict=True)
        if cell.strip()
    }
    kind = named.get(TYPE_COLUMN, options.kind).lower()
    kind = SINGULAR_BY_PLURAL.get(kind, kind)
    stored = {TYPE_COLUMN: kind, **dict(_known_cells(named, kind, options))}
    message = csv_line.message_of(stored)
    (report,) = csv_line.translate(message, now)
    return Line(number, tuple(cells), canonical_json(stored).encode(), message, report)


def escape_formula(cell: str) -> str:
    """The cell, safe for spreadsheets, which would execute a cell that begins like a formula.

    Such a cell gets an apostrophe as prefix, which marks it as text. A cell that already has the prefix gets
    one more, so that `unescape_formula` restores the original.
    """
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unescape_formula(cell: str) -> str:
    """The inverse of `escape_formula`."""
    return cell[1:] if _ESCAPED_FORMULA.match(cell) else cell


def _split_header(line: str, delimiter: str) -> Header:
    try:
        cells = tuple(next(csv.reader([line], delimiter=delimiter), []))
    except csv.Error as error:
        raise Invalid(f"The first line must name the columns, but it cannot be parsed: {error}.") from None
    names = (re.sub(r"[\s-]+", "_", unescape_formula(cell).strip().lower()) for cell in cells)
    return Header(delimiter, cells, tuple(names))


def _required_columns(header: Header, kind: str) -> Iterator[str]:
    """Those of `kind`; if each line states its type, only those that every type requires."""
    types = csv_line.REQUIRED.values() if TYPE_COLUMN in header.names else ()
    return (name for name in csv_line.REQUIRED[kind] if all(name in names for names in types))


def _known_names(header: Header) -> int:
    return sum(name in KNOWN_COLUMNS for name in header.names)


def _known_cells(named: dict[str, str], kind: str, options: ReadOptions) -> Iterator[tuple[str, str]]:
    """Only the columns of the line's type; other columns may be private and are not stored."""
    for name in (field.name for field in csv_line.FIELDS.get(kind, ())):
        value = named.get(name)
        if not value:
            continue
        if name in csv_line.AMOUNTS and options.decimal_comma:
            yield name, _with_decimal_point(name, value)
        elif name in csv_line.TIMES:
            yield name, _with_zone(name, value, options.zone)
        else:
            yield name, value


def _with_decimal_point(name: str, value: str) -> str:
    if "." in value or value.count(",") > 1:
        raise Invalid(f"{name} is {value[:40]}; with --decimal-comma, write no separator between thousands.")
    return value.replace(",", ".")


def _with_zone(name: str, value: str, zone: ZoneInfo | None) -> str:
    """The time in RFC 3339, with `zone` if it has none. Raises Invalid if it is ambiguous in that zone."""
    match = _NO_ZONE.fullmatch(value)
    if match is None:
        joined = re.sub(r" (?=([+-][0-9]{2}:?[0-9]{2}|[Zz])$)", "", value)
        return re.sub(r"([+-][0-9]{2})([0-9]{2})$", r"\1:\2", joined) if read_time(joined) is None else joined
    if zone is None:
        raise Invalid(
            f"{name} is {value}, without a zone; write 2026-11-01T10:00:00Z, or use --timezone ZONE."
        )
    try:
        local = datetime.fromisoformat(f"{match[1]}T{match[2]}{match[3] or ':00'}").replace(tzinfo=zone)
        is_certain = local.utcoffset() == local.replace(fold=1).utcoffset()
    except (ValueError, OverflowError):
        raise Invalid(f"{name} is {value}, which is not a valid time.") from None
    if not is_certain:
        raise Invalid(
            f"{name} is {value}, an hour in which the clocks of {zone.key} changed; add its UTC offset."
        )
    return local.isoformat()
