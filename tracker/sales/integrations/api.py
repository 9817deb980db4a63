"""Our own API: a caller with a key posts the `data` of a report; the URL path determines its type.

The type is stored as the topic of the event, so that the body is stored unchanged.
"""

from datetime import datetime
from typing import Any, Protocol

from tracker.errors import Invalid
from tracker.sales.integrations import postback
from tracker.sales.integrations.kind import Kind, OrderIds, Role
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
    """`topic` is the type of the report or postback.TOPIC. Raises Invalid unless `body` is a JSON object."""
    if topic == postback.TOPIC:
        return postback.read(body)
    data = strict_json.parse(body)
    if not isinstance(data, dict):
        raise Invalid(f"The body must be a JSON object, the data of a {topic}; it is {describe(data)}.")
    order_id = data.get("order_id")
    return Message(topic, order_id if is_plain_text(order_id) else None, data, normal.parse_references(data))


def translate(message: Message, received_at: datetime) -> tuple[normal.Report, ...]:
    """The reports in the message. Raises Invalid, naming the invalid field."""
    if message.type == postback.TOPIC:
        return (postback.translate(message.data, received_at),)
    parser = _REPORTS.get(message.type or "")
    if parser is None:
        raise Invalid(f"There is no report of the type {message.type}; there are {', '.join(TYPES)}.")
    return (parser(message.data, received_at, ""),)


KIND = Kind(
    "api",
    "the API",
    read=read,
    translate=translate,
    role=Role.PERSON,
    order_ids=OrderIds.SHARED,
    names_orders_freely=True,
    has_hook=False,
    page="docs/connect/anything.md",
    reached="by key",
    steps=(
        "programs send reports to  {web}/api/v1/sales",
        "each with a key:  linkledger key create --brand ID --name NAME --scope sales:write",
    ),
)
