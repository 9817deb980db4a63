"""Reading any file: every record is returned, nothing raises, and memory is bounded."""

import csv
import io
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tracker.sales.imports.files import NOW, SALES, read, rejections, sale_line, text, valid_lines
from tracker.errors import Invalid
from tracker.sales.imports.columns import Line, ReadOptions
from tracker.sales.imports.records import MAX_LINES, MAX_RECORD_BYTES, records
from tracker.sales.imports.table import open_table, require_utf8

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=20)


def invalid_lines(content: str) -> list[int]:
    return [each.line for each in records(io.BytesIO(content.encode()), ",") if each.flaw]


@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=20), st.sampled_from(",;\t"))
def test_files_written_by_another_csv_writer_are_read_correctly(
    rows: list[list[str]], delimiter: str
) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows(rows)
    found = list(records(io.BytesIO(file.getvalue().encode()), delimiter))
    assert [list(each.cells) for each in found] == [row for row in rows if any(cell.strip() for cell in row)]
    assert not [each for each in found if each.flaw]


@given(st.binary(max_size=300))
def test_no_bytes_cause_an_unexpected_exception(content: bytes) -> None:
    for header in (SALES, f"type,{SALES}", ""):
        try:
            lines = read(f"{header}\r\n".encode() + content)
            require_utf8(io.BytesIO(content))
        except Invalid:
            continue
        assert all(isinstance(line, Line) or line.reason for line in lines)


FRAGMENTS = st.sampled_from(['"', '""', ",", "\n", "\r\n", "a", "=1", "7,", sale_line("7") + "\r\n"])


@given(st.lists(FRAGMENTS, max_size=30))
def test_no_line_of_a_broken_file_is_lost(fragments: list[str]) -> None:
    content = "".join(fragments)
    found = list(records(io.BytesIO(content.encode()), ","))
    numbers = [each.line for each in found]
    assert numbers == sorted(set(numbers))
    assert all(1 <= number <= content.count("\n") + 1 for number in numbers)
    assert "".join(cell for each in found for cell in each.cells).count("a") == content.count("a")


@pytest.mark.parametrize("broken", ['"1001,unclosed', '1001,"unclosed', 'x"y","z', '"a"b'])
def test_an_unclosed_quote_affects_only_its_own_line(broken: str) -> None:
    lines = read(text(sale_line("1"), broken, sale_line("2"), sale_line("3")))
    assert [line.report.order_id for line in valid_lines(lines)] == ["1", "2", "3"]
    assert [number for number, _ in rejections(lines)] == [3]


def test_an_endless_record_is_truncated() -> None:
    endless_line = "7," + "x" * (3 * MAX_RECORD_BYTES) + "\r\n"
    assert invalid_lines(f"1,2\r\n{endless_line}3,4\r\n") == [2]
    assert invalid_lines('"' + "x\r\n" * MAX_LINES + '",2\r\n') == [1, MAX_LINES + 1]
    assert invalid_lines('"' + "x\r\n" * (MAX_LINES - 1) + '",2\r\n') == []


def test_a_file_that_is_not_utf8_is_refused_naming_the_line() -> None:
    good, bad = "ä\r\n".encode() * 1000, "ä\r\n".encode("latin-1")
    require_utf8(io.BytesIO(b"\xef\xbb\xbf" + good))
    for content in (good + bad, good + "ä".encode()[:1], good + bad + good * 1000):
        with pytest.raises(Invalid, match="Line 1001 is not UTF-8"):
            require_utf8(io.BytesIO(content))
    with pytest.raises(Invalid, match="UTF-16"):
        require_utf8(io.BytesIO("ä".encode("utf-16")))


class GeneratedFile(io.RawIOBase):
    """A file that is generated while it is read, so that only the reader can hold it in memory."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        line = next(self._lines, b"")
        buffer[: len(line)] = line
        return len(line)


def many_lines(number: int) -> Iterator[bytes]:
    yield f"{SALES}\r\n".encode()
    for order_id in range(number):
        yield f"{sale_line(str(order_id))}\r\n".encode() if order_id % 3 else b'"broken\r\n'


def test_memory_does_not_grow_with_the_file() -> None:
    def peak_memory(number: int) -> tuple[int, int]:
        file = io.BufferedReader(GeneratedFile(many_lines(number)))  # type: ignore[type-var]
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        found = sum(1 for _ in open_table(file).lines(ReadOptions(), NOW))
        return found, tracemalloc.get_traced_memory()[1] - before

    tracemalloc.start()
    try:
        peak_memory(500)
        few, many = peak_memory(500), peak_memory(4000)
    finally:
        tracemalloc.stop()
    assert (few[0], many[0]) == (500, 4000)
    assert many[1] < few[1] + 100_000
