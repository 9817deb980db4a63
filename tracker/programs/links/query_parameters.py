"""The query of an address: its names as a shop reads them, and parameters added to it. Pure.

Addresses are those that destinations.checked_destination has passed: ASCII, with no broken escapes.
"""

from collections.abc import Collection, Iterator, Mapping
from urllib.parse import quote, unquote_plus, unquote_to_bytes

MAX_LENGTH_WITH_PARAMETERS = 4096
"""Characters of an address with everything that was added; what would exceed it is left out."""

MAX_PAIRS_READ = 200
"""Pairs of a visitor's query that are looked at."""


def parameter_name(pair: str) -> str:
    """Of `name=value`, as a shop reads it: %6c%6c is ll."""
    name = pair.partition("=")[0]
    return unquote_plus(name) if "%" in name or "+" in name else name


def with_parameters(address: str, parameters: Mapping[str, str]) -> str:
    """The address with each parameter that its own query does not name yet, encoded, before the fragment."""
    if not parameters:
        return address
    body, hash_sign, fragment = address.partition("#")
    path, _, query = body.partition("?")
    pairs = [pair for pair in query.split("&") if pair]
    taken = {parameter_name(pair) for pair in pairs}
    room = MAX_LENGTH_WITH_PARAMETERS - len(address)
    for name, value in parameters.items():
        pair = f"{quote(name, safe='')}={quote(value, safe='')}"
        room -= len(pair) + 1
        if name in taken or room < 0:
            continue
        pairs.append(pair)
    return path + ("?" + "&".join(pairs) if pairs else "") + hash_sign + fragment


def query_values(query: str, names: Collection[str], max_length: int) -> dict[str, str]:
    """What a visitor's raw query says for these names; the first value of each that is plain text.

    Empty or overlong values, unprintable characters and invalid UTF-8 are dropped.
    """
    found: dict[str, str] = {}
    for name, value in _pairs(query):
        if name in names and name not in found:
            text = _decode_value(value)
            if text is not None and 0 < len(text) <= max_length and text.isprintable():
                found[name] = text
    return found


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for pair in query.split("&", MAX_PAIRS_READ)[:MAX_PAIRS_READ]:
        yield parameter_name(pair), pair.partition("=")[2]


def _decode_value(value: str) -> str | None:
    """`value` has one character for each byte that came, as both doors hand it over."""
    try:
        return unquote_to_bytes(value.replace("+", " ").encode("latin-1")).decode("utf-8")
    except UnicodeError:
        return None
