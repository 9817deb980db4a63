"""A strict JSON reader for amounts: a body has exactly one meaning, or is refused with the reason.

Python's json module accepts NaN, turns 1e400 into infinity and 0.1 into a float, and of two equal keys keeps
the last. None of this is acceptable for amounts.
"""

import json
import re
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, NoReturn

from tracker.errors import Invalid

MAXIMUM_BYTES = 1024 * 1024
"""Also for webhooks: shops send whole orders with all lines, and disable a webhook that refuses them."""

MAXIMUM_DEPTH = 32
MAXIMUM_NUMBER_LENGTH = 40
MAXIMUM_EXPONENT = 308
"""The limit of IEEE 754 doubles, which other JSON readers use."""

# Matches each string as a whole, even an unterminated one, so that brackets inside strings are not counted.
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


class Body(bytes):
    """The bytes of a message that several functions read in turn: `parse` reads their JSON once.

    All of them get the same value, so none may change it.
    """

    @cached_property
    def value(self) -> Any:
        return _parse(self)


def parse(raw: bytes) -> Any:
    """The value in `raw`: integers as int, all other numbers as Decimal, never as float.

    Raises Invalid, with the position where it is known: not UTF-8, not JSON (RFC 8259), a repeated key in one
    object, NaN or Infinity, a number that is too long or too large, half of a surrogate pair, more than
    MAXIMUM_DEPTH levels, more than MAXIMUM_BYTES bytes.
    """
    return raw.value if isinstance(raw, Body) else _parse(raw)


def _parse(raw: bytes) -> Any:
    if len(raw) > MAXIMUM_BYTES:
        raise Invalid(f"The body has {len(raw)} bytes; at most {MAXIMUM_BYTES} are read.")
    _check_depth(raw)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid(f"The body is not UTF-8: byte {error.start + 1} cannot be read.") from None
    if text.startswith("\ufeff"):
        raise Invalid("The body is not JSON: a byte order mark (BOM) stands before it.")
    try:
        value = _READER.decode(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise Invalid(f"The body is not JSON: {error.msg} at {place}.") from None
    if "\\u" in text:
        _check_text(value)
    return value


def _check_depth(raw: bytes) -> None:
    """Runs before parsing, because Python's JSON reader recurses."""
    if raw.count(b"[") + raw.count(b"{") <= MAXIMUM_DEPTH:
        return  # brackets inside strings are counted too, so this is safe
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(raw):
        if match[0] in (b"[", b"{"):
            depth += 1
            if depth > MAXIMUM_DEPTH:
                place = f"byte {match.start() + 1}"
                raise Invalid(f"The JSON is nested more than {MAXIMUM_DEPTH} levels deep at {place}.")
        elif match[0] in (b"]", b"}"):
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise Invalid(f"The key {key[:40]!r} stands twice in one JSON object; which one counts?")
        seen.add(key)
    raise AssertionError("unreachable: fewer keys than pairs means that one is repeated")


def _integer(text: str) -> int:
    return int(_limit_length(text))


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(_limit_length(text))
    except InvalidOperation:  # the exponent is out of Decimal's range
        number = Decimal("Infinity")
    exponent = number.as_tuple().exponent
    in_range = isinstance(exponent, int) and exponent >= -MAXIMUM_EXPONENT
    if not in_range or number.adjusted() > MAXIMUM_EXPONENT:
        raise Invalid(f"The number {text} in the JSON is out of range.")
    return number


def _limit_length(text: str) -> str:
    if len(text) > MAXIMUM_NUMBER_LENGTH:
        raise Invalid(f"A number in the JSON has {len(text)} characters; {text[:12]}… is out of range.")
    return text


def _refuse_constant(text: str) -> NoReturn:
    raise Invalid(f"{text} stands in the JSON; that is not a number that JSON knows (RFC 8259, section 6).")


def _check_text(value: Any) -> None:
    """Refuses half of a surrogate pair ("\\ud800"): it is not a character, so it cannot be stored or hashed.

    It can only come from a \\u escape, because valid UTF-8 contains none.
    """
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            if not item.isascii() and any("\ud800" <= character <= "\udfff" for character in item):
                raise Invalid("A text in the JSON holds half of a surrogate pair, such as \\ud800.")
        elif isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, dict):
            stack.extend(item)
            stack.extend(item.values())


_READER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_decimal, parse_constant=_refuse_constant
)
