from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payouts.backup.row_encoding import Kind, decode_row, encode_row

VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    "text": st.text(),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "flag": st.booleans(),
    "time": st.datetimes(timezones=st.just(UTC)),
    "bytes": st.binary(),
    "uuid": st.uuids(),
}
ROWS = st.lists(
    st.sampled_from(sorted(VALUES)).flatmap(lambda kind: st.tuples(st.just(kind), st.none() | VALUES[kind]))
)


@given(ROWS)
def test_a_row_is_encoded_as_one_line_and_decoded_unchanged(row: list[tuple[Kind, Any]]) -> None:
    kinds, values = [kind for kind, _ in row], [value for _, value in row]
    line = encode_row(kinds, values)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    decoded = decode_row(kinds, line)
    assert decoded == values
    assert [type(value) for value in decoded] == [type(value) for value in values]


def test_a_time_in_another_zone_is_encoded_in_utc() -> None:
    berlin = datetime(2026, 10, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert encode_row(["time"], [berlin]) == b'["2026-10-01T10:00:00.000000+00:00"]\n'


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("integer", b"1.0"),
        ("integer", b"true"),
        ("integer", b"NaN"),
        ("integer", b'"1"'),
        ("flag", b"1"),
        ("text", b"1"),
        ("time", b'"2026-10-01T10:00:00"'),
        ("time", b'"yesterday"'),
        ("bytes", b'"???"'),
        ("uuid", b'"123"'),
        ("text", b'"a","b"'),
        ("text", b'"a"]['),
        ("text", b'"\xff"'),
    ],
)
def test_malformed_row_is_refused(kind: Kind, value: bytes) -> None:
    with pytest.raises(ValueError):
        decode_row([kind], b"[" + value + b"]\n")


def test_a_line_is_readable_json() -> None:
    row = ["süß", 5, True, b"\x00\xff", UUID(int=1), None]
    kinds: list[Kind] = ["text", "integer", "flag", "bytes", "uuid", "time"]
    expected = '["süß",5,true,"AP8=","00000000-0000-0000-0000-000000000001",null]\n'
    assert encode_row(kinds, row).decode() == expected
