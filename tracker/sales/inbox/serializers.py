"""Events, the stored messages of shops, as JSON values without their bodies."""

from typing import Any

from tracker.sales.event_texts import stored_reason
from tracker.sales.inbox.models import Event
from tracker.times import format_utc, optional_utc_text


def event_json(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "source": event.source_id,
        "external_id": event.external_id,
        "type": event.type,
        "order_id": event.order_id,
        "state": event.state,
        **stored_reason(event.reason, event.reason_code, event.reason_parameters),
        "received_at": format_utc(event.received_at),
        "applied_at": optional_utc_text(event.applied_at),
        "body_emptied_at": optional_utc_text(event.emptied_at),
    }
