"""Reads the records of a CSV file (RFC 4180) one at a time, in bounded memory.

Every record is returned, with its cells or with a description of what is wrong with it.
"""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MAX_RECORD_BYTES = 64 * 1024
"""The limit of one record. Otherwise an unclosed quote would make one record of the rest of the file."""

MAX_LINES = 100
"""The limit of lines in one record: cells may contain line breaks, but addresses and notes have fewer."""


@dataclass(frozen=True)
class Record:
    """`line` is its first line in the file, from 1. With a `flaw`, its only cell is the unchanged line."""

    line: int
    cells: tuple[str, ...]
    flaw: str | None = None


class _TooLong(Exception):
    pass


@dataclass(frozen=True)
class _Line:
    number: int
    text: str
    size: int


class _Lines(Iterator[str]):
    """The lines of a file. The lines of the current record can be pushed back and read again."""

    def __init__(self, file: BinaryIO, number: int) -> None:
        self._file = file
        self._number = number
        self._pushed_back: deque[_Line] = deque()
        self.current: list[_Line] = []

    def __next__(self) -> str:
        line = self._pushed_back.popleft() if self._pushed_back else self._read()
        if line is None:
            raise StopIteration
        self.current.append(line)
        if sum(each.size for each in self.current) > MAX_RECORD_BYTES or len(self.current) > MAX_LINES:
            raise _TooLong
        return line.text

    def take_first(self) -> _Line:
        """The first line of the current record; the other lines are pushed back and read again."""
        first, *others = self.current
        self._pushed_back.extendleft(reversed(others))
        return first

    def _read(self) -> _Line | None:
        raw = self._file.readline(MAX_RECORD_BYTES + 1)
        if not raw:
            return None
        self._number += 1
        size = len(raw)
        while raw and not raw.endswith(b"\n") and size > MAX_RECORD_BYTES:
            rest = self._file.readline(MAX_RECORD_BYTES)
            if not rest or rest.endswith(b"\n"):
                break
        # The whole file was checked to be UTF-8; only a truncated line can end inside a character.
        return _Line(self._number, raw.decode("utf-8", errors="replace"), size)


def records(file: BinaryIO, delimiter: str, lines_before: int = 0) -> Iterator[Record]:
    """The records from the current position of the file to its end, without empty lines."""
    lines = _Lines(file, lines_before)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.current = []
        try:
            cells = next(reader)
        except StopIteration:
            return
        except _TooLong:
            flaw = f"It has more than {MAX_RECORD_BYTES} bytes or {MAX_LINES} lines; is a quote not closed?"
            yield _flawed_record(lines.take_first(), flaw)
        except csv.Error as error:
            flaw = f'It cannot be parsed ({error}); double the quotes inside a cell, as in "a ""b""".'
            yield _flawed_record(lines.take_first(), flaw)
        else:
            if any(cell.strip() for cell in cells):
                yield Record(lines.current[0].number, tuple(cells))


def _flawed_record(line: _Line, flaw: str) -> Record:
    return Record(line.number, (line.text.rstrip("\r\n"),), flaw)
