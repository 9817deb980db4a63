"""A file of the lines that were rejected, which can be put right and imported again."""

import csv
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from tracker.errors import Conflict, Invalid
from tracker.sales.imports.columns import LINE_COLUMN, REASON_COLUMN, Header, escape_formula, unescape_formula
from tracker.sales.imports.table import RejectedLine


class RejectsFile:
    """Made with the first line that is rejected; without any there is no file.

    Its first two columns say which line it was and what is wrong; they are passed over when the file is
    imported. Cells that a spreadsheet would run as a formula get an apostrophe (see columns.guarded).
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
        assert self._file is not None, "the file was made before"
        csv.writer(self._file, delimiter=self._header.delimiter).writerow(map(escape_formula, cells))


def _without_reject_columns(header: Header, cells: tuple[str, ...]) -> tuple[str, ...]:
    """A file of rejected lines may be rejected in part again: its own two columns are made anew."""
    if len(cells) != len(header.names):
        return cells
    pairs = zip(header.names, cells, strict=True)
    return tuple(unescape_formula(cell) for name, cell in pairs if name not in (LINE_COLUMN, REASON_COLUMN))


def _new_file(path: Path) -> TextIO:
    """For its owner alone, because it holds what shoppers bought; a former one is never written over."""
    try:
        path.touch(mode=0o600, exist_ok=False)
        return path.open("w", encoding="utf-8-sig", newline="")
    except FileExistsError:
        raise _already_exists(path) from None
    except OSError as error:
        raise Invalid(f"{path} cannot be written: {error.strerror}.") from None


def _already_exists(path: Path) -> Conflict:
    return Conflict(f"{path} is there already, and is not written over; name another file for --rejects.")
