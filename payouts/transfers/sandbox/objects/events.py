"""Events (/v1/events): recorded together with their cause, delivered on demand."""

import json
import sqlite3

from payouts.transfers.sandbox.call import Call
from payouts.transfers.sandbox.objects.balance import new_id
from payouts.transfers.sandbox.objects.listing import PAGE, list_page
from payouts.transfers.sandbox.parameters import Field, Fields
from payouts.transfers.sandbox.responses import ApiResponse, Json, missing_object

EVENT_LIST: Fields = {
    **PAGE,
    "created": Field("range"),
    "delivery_success": Field("boolean", supported=False),
    "type": Field("string"),
    "types": Field("strings"),
}
EVENT_GET: Fields = {"expand": Field("strings", supported=False)}

_EVENTS = """select * from event where (:type is null or type = :type)
    and (:types is null or type in (select value from json_each(:types)))"""


def record_event(connection: sqlite3.Connection, call: Call, kind: str, resource: Json) -> None:
    """Store a snapshot of `resource`, as Stripe's events do."""
    identifier = new_id("evt")
    body = {
        "id": identifier,
        "object": "event",
        "api_version": call.api_version,
        "created": call.now,
        "data": {"object": resource},
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": call.request_id, "idempotency_key": call.key},
        "type": kind,
    }
    connection.execute(
        "insert into event (id, created, type, body, delivered) values (?, ?, ?, ?, 0)",
        (identifier, call.now, kind, json.dumps(body)),
    )


def list_events(connection: sqlite3.Connection, call: Call, params: Json) -> ApiResponse:
    """GET /v1/events."""
    types = json.dumps(params["types"]) if "types" in params else None
    return list_page(
        connection,
        _EVENTS,
        "select seq from event where id = ?",
        {"type": params.get("type"), "types": types},
        params,
        "/v1/events",
        lambda row: json.loads(row["body"]),
    )


def get_event(connection: sqlite3.Connection, call: Call, params: Json) -> ApiResponse:
    """GET /v1/events/{id}."""
    row = connection.execute("select body from event where id = ?", (call.path_ids["id"],)).fetchone()
    if row is None:
        raise missing_object("event", call.path_ids["id"])
    return ApiResponse(200, json.loads(row["body"]))
