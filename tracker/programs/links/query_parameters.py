"""Reads and extends the query of a URL. Pure.

All URLs have passed destinations.checked_destination: ASCII, with valid escapes.
"""

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from urllib.parse import quote, unquote_plus, unquote_to_bytes

MAX_LENGTH_WITH_PARAMETERS = 4096
"""The maximum length of a URL with all added parameters; parameters that would exceed it are left out."""

MAX_PAIRS_READ = 200
"""The number of pairs of a visitor's query that are read."""


def parameter_name(pair: str) -> str:
    """The decoded name of a `name=value` pair, as a shop reads it: %6c%6c is ll."""
    name = pair.partition("=")[0]
    return unquote_plus(name) if "%" in name or "+" in name else name


def with_parameters(address: str, parameters: Mapping[str, str]) -> str:
    """The URL with `parameters` added to its query, escaped, before the fragment.

    Skipped are names that the query already has, and what would exceed MAX_LENGTH_WITH_PARAMETERS.
    """
    if not parameters:
        return address
    body, hash_sign, fragment = address.partition("#")
    path, _, query = body.partition("?")
    pairs = [pair for pair in query.split("&") if pair]
    taken = {parameter_name(pair) for pair in pairs}
    remaining = MAX_LENGTH_WITH_PARAMETERS - len(address)
    for name, value in parameters.items():
        pair = f"{quote(name, safe='')}={quote(value, safe='')}"
        remaining -= len(pair) + 1
        if name in taken or remaining < 0:
            continue
        pairs.append(pair)
    return path + ("?" + "&".join(pairs) if pairs else "") + hash_sign + fragment


def query_values(query: str, names: Collection[str], max_length: int) -> dict[str, str]:
    """The values of these names in a visitor's raw query: the first valid value of each.

    Values that are empty, longer than `max_length`, unprintable or not UTF-8 are ignored.
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
    """Decode a raw value; both entry points pass one character per received byte (Latin-1)."""
    try:
        return unquote_to_bytes(value.replace("+", " ").encode("latin-1")).decode("utf-8")
    except UnicodeError:
        return None


def with_token(destination: str, parameter: str, token: str | None) -> str:
    """The destination with the token as its last parameter; the rest of its query and its fragment stay.

    An existing parameter of that name is removed: a link created from a URL with a token must not credit that
    older click. The token needs no escaping.
    """
    without_token, before_token, after_token = _around_token(destination, parameter)
    return without_token if token is None else before_token + token + after_token


@lru_cache(maxsize=1024)
def _around_token(destination: str, parameter: str) -> tuple[str, str, str]:
    """The destination without the token, and what stands before and behind the token in the one with it."""
    address, hash_sign, fragment = destination.partition("#")
    path, _, query = address.partition("?")
    pairs = [pair for pair in query.split("&") if pair and parameter_name(pair) != parameter]
    rest = path + ("?" + "&".join(pairs) if pairs else "")
    after = hash_sign + fragment
    return rest + after, f"{rest}{'&' if pairs else '?'}{parameter}=", after
