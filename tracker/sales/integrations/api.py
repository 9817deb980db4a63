"""Our own API: a caller with a key posts the `data` of a report; the URL path determines its type.

The type is stored as the topic of the event, so that the body is stored unchanged.
"""

from datetime import datetime

from tracker.errors import Invalid
from tracker.sales.integrations import postback
from tracker.sales.integrations.kind import Kind, OrderIds, Role
from tracker.sales.reports import strict_json
from tracker.sales.reports.fields import describe, is_plain_text
from tracker.sales.reports.messages import Message
from tracker.sales.reports.normal import Report
from tracker.sales.reports.parsing import BY_MESSAGE, parse_references


def read(body: bytes, topic: str | None) -> Message:
    """`topic` is the type of the report or postback.TOPIC. Raises Invalid unless `body` is a JSON object."""
    if topic == postback.TOPIC:
        return postback.read(body)
    data = strict_json.parse(body)
    if not isinstance(data, dict):
        raise Invalid(f"The body must be a JSON object, the data of a {topic}; it is {describe(data)}.")
    order_id = data.get("order_id")
    return Message(topic, order_id if is_plain_text(order_id) else None, data, parse_references(data))


def translate(message: Message, received_at: datetime) -> tuple[Report, ...]:
    """The reports in the message. Raises Invalid, naming the invalid field."""
    if message.type == postback.TOPIC:
        return (postback.translate(message.data, received_at),)
    report_type = BY_MESSAGE.get(message.type or "")
    if report_type is None:
        raise Invalid(f"There is no report of the type {message.type}; there are {', '.join(BY_MESSAGE)}.")
    return (report_type.parse(message.data, received_at, ""),)


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
