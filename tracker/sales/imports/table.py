"""Reads a CSV file of sales line by line: each line is valid, or rejected with a reason."""

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
    """A line that is not stored. `cells` are unchanged; `reason` says what to correct."""

    number: int
    cells: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Table:
    """A file whose header was read. The file is positioned after it, after `lines_before` lines."""

    file: BinaryIO
    header: Header
    lines_before: int

    def lines(self, options: ReadOptions, now: datetime) -> Iterator[Line | RejectedLine]:
        """Every non-empty line, once."""
        for record in records(self.file, self.header.delimiter, self.lines_before):
            if record.flaw is not None:
                yield RejectedLine(record.line, record.cells, record.flaw)
                continue
            try:
                yield read_line(self.header, record.line, record.cells, options, now)
            except Invalid as error:
                yield RejectedLine(record.line, record.cells, str(error))


def open_table(file: BinaryIO, kind: str = "sale") -> Table:
    """Reads the header. `kind` is the type of lines that have none. Raises Invalid for an invalid header."""
    first = file.readline(MAX_RECORD_BYTES).removeprefix(codecs.BOM_UTF8)
    lines_before = 1
    if first.lower().startswith(b"sep=") and len(first.strip()) == len("sep=,"):
        first = file.readline(MAX_RECORD_BYTES)  # a hint for Excel; the header shows the delimiter as well
        lines_before = 2
    return Table(file, read_header(first.decode("utf-8", errors="replace"), kind), lines_before)


def require_utf8(file: BinaryIO) -> None:
    """Reads the whole file, before any line is booked. Raises Invalid, naming the first invalid line."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    number, is_first = 1, True
    while chunk := file.read(_CHUNK_BYTES):
        if is_first and chunk.startswith(_OTHER_ENCODINGS):
            raise Invalid(
                "The file is UTF-16, not UTF-8; save it as CSV UTF-8 (a separate file type in Excel)."
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
        f"Line {number} is not UTF-8, so its characters are unknown; save the file as CSV UTF-8 and import "
        "that file. Nothing was booked."
    )
