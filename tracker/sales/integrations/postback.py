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
from tracker.sales.reports.decimals import optional_decimal_minor
from tracker.sales.reports.declared_fields import DeclaredField, declared_fields
from tracker.sales.reports.field_types import AMOUNT_TYPES, CURRENCY, OPTIONAL_TEXT, TEXT, TIME, TOKEN
from tracker.sales.reports.fields import Fields, is_plain_text
from tracker.sales.reports.messages import Message, Unreadable
from tracker.sales.reports.normal import Report
from tracker.sales.reports.parsing import BY_NAME

TOPIC = "postback"
EVENTS = ("sale", "refund", "cancellation")
MAX_PAIRS = 100
MAX_BYTES = 16 * 1024

_TEXTS = (TEXT, OPTIONAL_TEXT, TOKEN, CURRENCY, TIME)
_LEFT_OUT = ("cost", "checkout_started_at", "ordered_at", "version_at")
"""Fields that an affiliate network does not know, or must not: URLs end up in the logs of others."""


def _parameters(event: str) -> tuple[DeclaredField, ...]:
    """The fields of the report that a postback can have under the same name."""
    fields = declared_fields(BY_NAME[event].report)
    return tuple(
        field for field in fields if field.type in (*_TEXTS, *AMOUNT_TYPES) and field.name not in _LEFT_OUT
    )


_PARAMETERS = {event: _parameters(event) for event in EVENTS}
_CONTROL_FIELDS = ("event", "coupon", "test")
NAMES = frozenset((*_CONTROL_FIELDS, *(field.name for fields in _PARAMETERS.values() for field in fields)))
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
    known = sorted(_known(pairs))
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


def natural_key(pairs: Sequence[tuple[str, str]]) -> str:
    """Identifies what is reported, without amounts and times: a repetition has the same key."""
    values = dict(_known(pairs))
    return "\n".join((event_name(values), values.get("order_id", ""), values.get("refund_id", "")))


def event_name(values: dict[str, str]) -> str:
    return values.get("event") or EVENTS[0]


def translate(values: dict[str, str], received_at: datetime) -> Report:
    """The report in the postback. Raises Invalid, naming the invalid parameter."""
    fields = Fields(dict(values), "")
    event = event_name(values)
    if event not in EVENTS:
        raise fields.wrong("event", f"must be one of {', '.join(EVENTS)}")
    data: dict[str, Any] = {
        field.name: values[field.name]
        for field in _PARAMETERS[event]
        if field.type in _TEXTS and values.get(field.name)
    }
    data.setdefault("occurred_at", received_at.isoformat())
    data |= _amounts(fields, event)
    if event == "sale":
        data |= {"coupons": [values.get("coupon", "")], "test": _flag(fields, "test")}
        data = {"tax": 0, "shipping": 0, **data}
    return BY_NAME[event].parse(data, received_at, "")


def _amounts(fields: Fields, event: str) -> dict[str, int]:
    """The amounts that the postback has, in minor units."""
    names = [field.name for field in _PARAMETERS[event] if field.type in AMOUNT_TYPES]
    if not names:
        return {}
    currency = fields.currency("currency")
    found = ((name, optional_decimal_minor(fields, name, currency)) for name in names)
    return {name: minor for name, minor in found if minor is not None}


def _known(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in pairs if name in NAMES]


def _flag(fields: Fields, name: str) -> bool:
    flag = _FLAGS.get(fields.values.get(name, "").lower())
    if flag is None:
        raise fields.wrong(name, "must be 1 or 0")
    return flag
