"""The journal of API requests and responses. It never contains the API key."""

import json
import sqlite3
from collections.abc import Mapping

from payouts.transfers.sandbox.call import Call
from payouts.transfers.sandbox.responses import ApiResponse, Json

_MAX_REQUESTS = 5_000
_RECORDED_HEADERS = ("Content-Type", "Idempotency-Key", "Stripe-Account", "Stripe-Version")


def record_request(
    connection: sqlite3.Connection, call: Call, headers: Mapping[str, str], fault: str | None
) -> None:
    recorded = {name: headers[name] for name in _RECORDED_HEADERS if name in headers}
    cursor = connection.execute(
        "insert into request (id, created, method, path, parameters, headers, fault)"
        " values (?, ?, ?, ?, ?, ?, ?)",
        (
            call.request_id,
            call.now,
            call.method,
            call.path,
            json.dumps(call.raw),
            json.dumps(recorded),
            fault,
        ),
    )
    connection.execute("delete from request where seq <= ?", ((cursor.lastrowid or 0) - _MAX_REQUESTS,))


def record_response(connection: sqlite3.Connection, request_id: str, reply: ApiResponse) -> None:
    connection.execute(
        "update request set status = ?, body = ?, replayed = ? where id = ?",
        (reply.status, json.dumps(reply.body), "Idempotent-Replayed" in reply.headers, request_id),
    )


def recorded_requests(connection: sqlite3.Connection) -> list[Json]:
    """Oldest first. status and body are those of the work, even if a fault replaced the response."""
    rows = connection.execute("select * from request order by seq").fetchall()
    return [
        {
            "id": row["id"],
            "method": row["method"],
            "path": row["path"],
            "parameters": json.loads(row["parameters"]),
            "headers": json.loads(row["headers"]),
            "fault": row["fault"],
            "status": row["status"],
            "body": None if row["body"] is None else json.loads(row["body"]),
            "replayed": bool(row["replayed"]),
        }
        for row in rows
    ]
