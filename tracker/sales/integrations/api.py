"""Our own API: a caller with a key posts `data` alone, and the address says what it is about.

What is posted to an address is kept with that type as its topic, so that the body stays as it came.
"""

from datetime import datetime
from typing import Any, Protocol

from tracker.errors import Invalid
from tracker.sales.integrations import postback
from tracker.sales.reports import normal, strict_json
from tracker.sales.reports.fields import describe, is_plain_text
from tracker.sales.reports.messages import Message


class _Parser(Protocol):
    def __call__(self, data: dict[str, Any], received_at: datetime, path: str) -> normal.Report: ...


_REPORTS: dict[str, _Parser] = {
    "sale.created": normal.parse_sale,
    "refund.created": normal.parse_refund,
    "order.cancelled": normal.parse_cancellation,
    "dispute.updated": normal.parse_dispute,
}
TYPES = tuple(_REPORTS)


def read(body: bytes, topic: str | None) -> Message:
    """`topic` is the type, or says that it is a postback. Raises Invalid on what is no strict JSON object."""
    if topic == postback.TOPIC:
        return postback.read(body)
    data = strict_json.parse(body)
    if not isinstance(data, dict):
        raise Invalid(f"The body must be a JSON object, the data of a {topic}; it is {describe(data)}.")
    order_id = data.get("order_id")
    return Message(topic, order_id if is_plain_text(order_id) else None, data, normal.parse_references(data))


def translate(message: Message, received_at: datetime) -> tuple[normal.Report, ...]:
    """What the message reports. Raises Invalid, naming the field, when it makes no sense."""
    if message.type == postback.TOPIC:
        return (postback.translate(message.data, received_at),)
    parser = _REPORTS.get(message.type or "")
    if parser is None:
        raise Invalid(f"There is no report of the type {message.type}; there are {', '.join(TYPES)}.")
    return (parser(message.data, received_at, ""),)
