"""Postbacks: the server of an affiliate network reports a sale by calling a URL with parameters.

Amounts are decimals of the currency, as networks write them. A missing amount is 0, and a missing time is the
time of receipt. Unknown parameters are neither read nor stored.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tracker.errors import Invalid
from tracker.sales.reports import normal
from tracker.sales.reports.decimals import optional_decimal_minor
from tracker.sales.reports.fields import Fields, is_plain_text
from tracker.sales.reports.messages import Message, Unreadable

TOPIC = "postback"
EVENTS = ("sale", "refund", "cancellation")
MAX_PAIRS = 100
MAX_BYTES = 16 * 1024

_AMOUNTS = {"sale": ("total", "tax", "shipping", "discount"), "refund": ("amount", "tax", "shipping")}
_TEXT_FIELDS = (
    "order_id",
    "occurred_at",
    "currency",
    "click",
    "customer",
    "customer_email_hash",
    "refund_id",
    "reason",
)
_CONTROL_FIELDS = ("event", "coupon", "test")
NAMES = frozenset((*_CONTROL_FIELDS, *_TEXT_FIELDS, *_AMOUNTS["sale"], *_AMOUNTS["refund"]))
_FLAGS = {"": False, "0": False, "false": False, "1": True, "true": True}


def parse_pairs(text: str) -> list[tuple[str, str]]:
    """The parameters of a query string or a form. Raises Unreadable."""
    if len(text) > MAX_BYTES:
        raise Unreadable(f"The postback has more than {MAX_BYTES} bytes.")
    try:
        return parse_qsl(
            text, keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=MAX_PAIRS
        )
    except UnicodeDecodeError:
        raise Unreadable("A value of the postback is not UTF-8 in percent-encoding.") from None
    except ValueError:
        raise Unreadable(f"The postback has more than {MAX_PAIRS} values.") from None


def stored_body(pairs: Sequence[tuple[str, str]]) -> bytes:
    """The part of a postback that is stored: the known parameters, sorted, and never the key.

    Raises Invalid for a repeated parameter, and for an e-mail address, which must not be part of a URL.
    """
    known = sorted((name, value) for name, value in pairs if name in NAMES)
    for (name, _), (following, _) in pairwise(known):
        if name == following:
            raise Invalid(f"{name} is given more than once; send it once.", name)
    for name, value in known:
        if "@" in value and name not in ("order_id", "refund_id"):
            raise Invalid(
                f"{name} looks like an e-mail address. URLs end up in logs: send an opaque customer id, or "
                "customer_email_hash.",
                name,
            )
    return urlencode(known).encode()


def read(body: bytes) -> Message:
    """Reads a body that `stored_body` made. Raises Invalid."""
    values = dict(parse_pairs(body.decode()))
    order_id = values.get("order_id")
    return Message(TOPIC, order_id if is_plain_text(order_id) else None, values)


def natural_key(values: dict[str, str]) -> str:
    """Identifies what is reported, without amounts and times: a repetition has the same key."""
    return "\n".join((event_name(values), values.get("order_id", ""), values.get("refund_id", "")))


def event_name(values: dict[str, str]) -> str:
    return values.get("event") or EVENTS[0]


def translate(values: dict[str, str], received_at: datetime) -> normal.Report:
    """The report in the postback. Raises Invalid, naming the invalid parameter."""
    fields = Fields(dict(values), "")
    event = event_name(values)
    if event not in EVENTS:
        raise fields.wrong("event", f"must be one of {', '.join(EVENTS)}")
    data: dict[str, Any] = {name: values[name] for name in _TEXT_FIELDS if values.get(name)}
    data.setdefault("occurred_at", received_at.isoformat())
    if event == "cancellation":
        return normal.parse_cancellation(data, received_at, "")
    currency = fields.currency("currency")
    amounts = {name: optional_decimal_minor(fields, name, currency) for name in _AMOUNTS[event]}
    data |= {name: minor for name, minor in amounts.items() if minor is not None}
    if event == "refund":
        return normal.parse_refund(data, received_at, "")
    data |= {"tax": amounts["tax"] or 0, "shipping": amounts["shipping"] or 0}
    data |= {"coupons": [values.get("coupon", "")], "test": _flag(fields, "test")}
    return normal.parse_sale(data, received_at, "")


def _flag(fields: Fields, name: str) -> bool:
    flag = _FLAGS.get(fields.values.get(name, "").lower())
    if flag is None:
        raise fields.wrong(name, "must be 1 or 0")
    return flag
