"""Strict JSON: a body has exactly one meaning, or is refused."""

import contextlib
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import Invalid
from tracker.sales.reports import strict_json

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**38), 10**38) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(_JSON)
def test_json_without_fractions_is_read_unchanged(value: Any) -> None:
    assert strict_json.parse(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_a_reason(raw: bytes) -> None:
    with contextlib.suppress(Invalid):
        strict_json.parse(raw)


@given(st.lists(st.sampled_from([b"[", b"]", b'"', b"\\", b"{", b"}", b"1", b",", b":"]), max_size=60))
def test_broken_brackets_and_strings_are_refused_without_another_error(parts: list[bytes]) -> None:
    try:
        expected = json.loads(b"".join(parts), parse_float=Decimal)
    except ValueError:
        with pytest.raises(Invalid):
            strict_json.parse(b"".join(parts))
    else:
        if _has_unique_keys(b"".join(parts)):
            assert strict_json.parse(b"".join(parts)) == expected


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "line 1, column 2"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": Infinity}', "Infinity"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b'{"a": 1e400}', "out of range"),
        (b'{"a": 1e-400}', "out of range"),
        (b'{"a": 1e99999999999999999999}', "out of range"),
        (b'{"a": ' + b"9" * 41 + b"}", "out of range"),
        (b'{"a": ' + b"9" * 5000 + b"}", "out of range"),
        (b'{"total": 1, "x": 2, "total": 3}', "'total' stands twice"),
        (b'{"a": {"b": 1, "b": 1}}', "'b' stands twice"),
        (b'{"a": 1} {"a": 2}', "Extra data"),
        (b'{"a": 01}', "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b'{"a": "\x01"}', "not JSON"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"\\udfff": 1}', "surrogate"),
        (b'{"a": "\xff"}', "not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        (b'\xef\xbb\xbf{"a": 1}', "BOM"),
        (b"[" * 33 + b"]" * 33, "nested"),
        (b"[" * strict_json.MAXIMUM_BYTES, "nested more than 32 levels deep at byte 33"),
        (b'{"a":' * 50_000, "nested"),
        (b" " * (strict_json.MAXIMUM_BYTES + 1), "at most"),
    ],
)
def test_ambiguous_json_is_refused_with_its_reason(raw: bytes, reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        strict_json.parse(raw)


def test_a_number_with_a_fraction_is_never_a_float() -> None:
    found = strict_json.parse(b"[0.1, 1.10, 1e2, 5, -0]")

    assert [type(number) for number in found] == [Decimal, Decimal, Decimal, int, int]
    assert found[:2] == [Decimal("0.1"), Decimal("1.10")]


def test_brackets_inside_strings_do_not_count_as_depth() -> None:
    assert strict_json.parse(json.dumps(["[" * 100, '\\"{' * 50]).encode()) == ["[" * 100, '\\"{' * 50]


def test_a_body_of_quotes_and_backslashes_is_parsed_in_linear_time() -> None:
    with pytest.raises(Invalid):
        strict_json.parse(b'"' + b'\\"' * (strict_json.MAXIMUM_BYTES // 2 - 1))


def _has_unique_keys(raw: bytes) -> bool:
    unique = True

    def check(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal unique
        unique = unique and len(dict(pairs)) == len(pairs)
        return dict(pairs)

    json.loads(raw, object_pairs_hook=check)
    return unique
