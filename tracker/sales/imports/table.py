"""Reads a CSV file of sales line by line: each either makes sense or is rejected with the reason."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from tracker.errors import Invalid
from tracker.sales.imports.columns import Header, Line, ReadOptions, read_header, read_line
from tracker.sales.imports.records import MAX_RECORD_BYTES, records

_OTHER_ENCODINGS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class RejectedLine:
    """Nothing is kept of the line. `cells` as they stand in the file; `reason` says what to do."""

    number: int
    cells: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Table:
    """A file whose header was read; the file stands behind it, after `lines_before` lines."""

    file: BinaryIO
    header: Header
    lines_before: int

    def lines(self, options: ReadOptions, now: datetime) -> Iterator[Line | RejectedLine]:
        """Every line that is not empty, once."""
        for record in records(self.file, self.header.delimiter, self.lines_before):
            if record.flaw is not None:
                yield RejectedLine(record.line, record.cells, record.flaw)
                continue
            try:
                yield read_line(self.header, record.line, record.cells, options, now)
            except Invalid as error:
                yield RejectedLine(record.line, record.cells, str(error))


def open_table(file: BinaryIO, kind: str = "sale") -> Table:
    """`kind` is what lines are that name no type. Raises Invalid when the first line is no header."""
    first = file.readline(MAX_RECORD_BYTES).removeprefix(codecs.BOM_UTF8)
    lines_before = 1
    if first.lower().startswith(b"sep=") and len(first.strip()) == len("sep=,"):
        first = file.readline(MAX_RECORD_BYTES)  # a hint to a spreadsheet; the header shows the same
        lines_before = 2
    return Table(file, read_header(first.decode("utf-8", errors="replace"), kind), lines_before)


def require_utf8(file: BinaryIO) -> None:
    """Reads the file to its end, before anything is booked of it. Raises Invalid, naming the line."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    number, is_first = 1, True
    while chunk := file.read(_CHUNK_BYTES):
        if is_first and chunk.startswith(_OTHER_ENCODINGS):
            raise Invalid(
                "The file is UTF-16, not UTF-8; save it as CSV UTF-8 (in Excel, a type of its own)."
            )
        is_first = False
        try:
            number += decoder.decode(chunk).count("\n")
        except UnicodeDecodeError as error:
            raise _not_utf8(number + error.object.count(b"\n", 0, error.start)) from None
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise _not_utf8(number) from None


def _not_utf8(number: int) -> Invalid:
    return Invalid(
        f"Line {number} is not UTF-8, so its letters cannot be told; save the file as CSV UTF-8 and import "
        "that. Nothing was booked."
    )
