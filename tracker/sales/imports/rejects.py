"""Writes rejected lines to a file that can be corrected and imported again."""

import csv
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from tracker.errors import Conflict, Invalid
from tracker.sales.imports.columns import LINE_COLUMN, REASON_COLUMN, Header, escape_formula, unescape_formula
from tracker.sales.imports.table import RejectedLine


class RejectsFile:
    """The file is created when the first line is rejected.

    Its first two columns contain the line number and the reason; they are ignored when the file is imported.
    Cells that a spreadsheet would execute as a formula are escaped (see columns.escape_formula).
    """

    def __init__(self, path: Path | None, header: Header) -> None:
        self._path = path
        self._header = header
        self._file: TextIO | None = None
        self.lines = 0

    def __enter__(self) -> Self:
        if self._path is not None and self._path.exists():
            raise _already_exists(self._path)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, rejected: RejectedLine) -> None:
        """Append a line. Raises Conflict if the file already exists, and Invalid if it cannot be written."""
        self.lines += 1
        if self._path is None:
            return
        if self._file is None:
            self._file = _new_file(self._path)
            self._write(
                (LINE_COLUMN, REASON_COLUMN, *_without_reject_columns(self._header, self._header.cells))
            )
        self._write(
            (str(rejected.number), rejected.reason, *_without_reject_columns(self._header, rejected.cells))
        )

    def _write(self, cells: tuple[str, ...]) -> None:
        assert self._file is not None, "add opens the file first"
        csv.writer(self._file, delimiter=self._header.delimiter).writerow(map(escape_formula, cells))


def _without_reject_columns(header: Header, cells: tuple[str, ...]) -> tuple[str, ...]:
    """The cells without those two columns: the imported file may itself be a file of rejected lines."""
    if len(cells) != len(header.names):
        return cells
    pairs = zip(header.names, cells, strict=True)
    return tuple(unescape_formula(cell) for name, cell in pairs if name not in (LINE_COLUMN, REASON_COLUMN))


def _new_file(path: Path) -> TextIO:
    """Readable only by its owner, because it contains orders. An existing file is never overwritten."""
    try:
        path.touch(mode=0o600, exist_ok=False)
        return path.open("w", encoding="utf-8-sig", newline="")
    except FileExistsError:
        raise _already_exists(path) from None
    except OSError as error:
        raise Invalid(f"{path} cannot be written: {error.strerror}.") from None


def _already_exists(path: Path) -> Conflict:
    return Conflict(f"{path} already exists and is not overwritten; name another file for --rejects.")
