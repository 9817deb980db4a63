"""Fields that orders of Shopify and WooCommerce have in common: numeric ids, name-value pairs, lines."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tracker.sales.reports.fields import Fields, is_plain_text

TOKEN_NAMES = frozenset(("ll", "_ll", "linkledger", "_linkledger"))
MAXIMUM_TOKENS = 20
MAXIMUM_CODES = 20
MAXIMUM_ID = 2**63 - 1


def parse_numeric_id(value: Any) -> str | None:
    """A shop's numeric id as a string; None when `value` is not a positive integer."""
    if type(value) is int and 0 < value <= MAXIMUM_ID:
        return str(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        return str(int(value)) if int(value) else None
    return None


def require_numeric_id(fields: Fields, name: str) -> str:
    """Like `parse_numeric_id`, but raises Invalid when the field is not a numeric id."""
    found = parse_numeric_id(fields.values.get(name))
    if found is None:
        raise fields.wrong(name, "must be a whole number above 0")
    return found


def child(fields: Fields, name: str) -> Fields:
    """A nested object; empty when absent."""
    value = fields.values.get(name)
    return Fields(value if isinstance(value, dict) else {}, f"{fields.path}.{name}")


def children(fields: Fields, name: str) -> Iterator[Fields]:
    """The objects of a list. Their number is limited only by the size of the body."""
    value = fields.values.get(name)
    for index, entry in enumerate(value if isinstance(value, list) else []):
        if isinstance(entry, dict):
            yield Fields(entry, f"{fields.path}.{name}[{index}]")


def tokens_in_pairs(fields: Fields, name: str, key: str) -> Iterator[str]:
    """Click tokens in a list of pairs such as {"name": "ll", "value": "…"}; here `key` would be "name"."""
    for pair in children(fields, name):
        label, value = pair.values.get(key), pair.values.get("value")
        if isinstance(label, str) and label in TOKEN_NAMES and isinstance(value, str) and value:
            yield value


def tokens_in_url(address: Any) -> Iterator[str]:
    """Click tokens in the query of a URL, such as the page on which a visit began."""
    if not isinstance(address, str) or "ll=" not in address:
        return
    try:
        found = parse_qs(urlsplit(address).query, max_num_fields=100)
    except ValueError:
        return
    yield from found.get("ll", [])


def split_tokens(tokens: Iterator[str]) -> tuple[str | None, tuple[str, ...]]:
    """Without repetitions: the first token as the click, the others as touches."""
    found = tuple(dict.fromkeys(tokens))[:MAXIMUM_TOKENS]
    return (found[0] if found else None), found[1:]


def codes(fields: Fields, name: str) -> tuple[str, ...]:
    """The discount codes of a list: the `code` of each entry."""
    found = (each.values.get("code") for each in children(fields, name))
    plain = (code.strip() for code in found if isinstance(code, str) and is_plain_text(code))
    return tuple(dict.fromkeys(plain))[:MAXIMUM_CODES]


def line_name(line: Fields) -> str:
    """The SKU of a line; without one, the shop's id of its product or of the line."""
    sku = line.values.get("sku")
    if isinstance(sku, str) and is_plain_text(sku):
        return sku
    product_id = parse_numeric_id(line.values.get("product_id"))
    return f"product {product_id}" if product_id else f"line {parse_numeric_id(line.values.get('id'))}"
