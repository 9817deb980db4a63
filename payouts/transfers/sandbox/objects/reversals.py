"""Reversals of transfers, in full or in part, if the creator's balance covers them."""

import json
import sqlite3

from payouts.transfers.sandbox.call import Call
from payouts.transfers.sandbox.objects.balance import PLATFORM, available, move, new_id
from payouts.transfers.sandbox.objects.events import record_event
from payouts.transfers.sandbox.objects.listing import PAGE, list_page
from payouts.transfers.sandbox.parameters import Field, Fields
from payouts.transfers.sandbox.responses import ApiError, ApiResponse, Json, missing_object

REVERSAL_CREATE: Fields = {
    "amount": Field("integer", minimum=1),
    "description": Field("string", supported=False),
    "expand": Field("strings", supported=False),
    "metadata": Field("metadata"),
    "refund_application_fee": Field("boolean", supported=False),
}
REVERSAL_LIST: Fields = PAGE
REVERSAL_GET: Fields = {"expand": Field("strings", supported=False)}

_EMBEDDED = 10
_REVERSALS = "select * from reversal where transfer_id = :transfer_id"


def create_reversal(connection: sqlite3.Connection, call: Call, params: Json) -> ApiResponse:
    """POST /v1/transfers/{id}/reversals: without an amount, all that is left is reversed."""
    transfer = transfer_row(connection, call.path_ids["id"])
    left = transfer["amount"] - reversed_amount(connection, transfer["id"])
    amount = params.get("amount", left)
    currency = transfer["currency"]
    _check_reversal(connection, transfer, amount, left)
    identifier = new_id("trr")
    movement_id = move(connection, call.now, PLATFORM, amount, currency, "transfer_refund", identifier)
    move(connection, call.now, transfer["destination"], -amount, currency, "payment_refund", new_id("pyr"))
    connection.execute(
        "insert into reversal (id, created, transfer_id, amount, currency, metadata, movement_id)"
        " values (?, ?, ?, ?, ?, ?, ?)",
        (
            identifier,
            call.now,
            transfer["id"],
            amount,
            currency,
            json.dumps(params.get("metadata", {})),
            movement_id,
        ),
    )
    record_event(connection, call, "transfer.reversed", call.expand(connection, transfer["id"]))
    return ApiResponse(200, reversal_json(reversal_row(connection, transfer["id"], identifier)))


def get_reversal(connection: sqlite3.Connection, call: Call, params: Json) -> ApiResponse:
    """GET /v1/transfers/{transfer}/reversals/{id}."""
    row = reversal_row(connection, call.path_ids["transfer"], call.path_ids["id"])
    return ApiResponse(200, reversal_json(row))


def list_reversals(connection: sqlite3.Connection, call: Call, params: Json) -> ApiResponse:
    """GET /v1/transfers/{id}/reversals."""
    transfer = transfer_row(connection, call.path_ids["id"])
    return list_page(
        connection,
        _REVERSALS,
        "select seq from reversal where id = ?",
        {"transfer_id": transfer["id"]},
        params,
        f"/v1/transfers/{transfer['id']}/reversals",
        reversal_json,
    )


def reversed_amount(connection: sqlite3.Connection, transfer_id: str) -> int:
    row = connection.execute(
        "select coalesce(sum(amount), 0) as amount from reversal where transfer_id = ?", (transfer_id,)
    ).fetchone()
    return int(row["amount"])


def embedded_reversals(connection: sqlite3.Connection, transfer_id: str) -> Json:
    """The newest reversals, as they are embedded in the transfer."""
    rows = connection.execute(
        "select * from reversal where transfer_id = ? order by seq desc limit ?",
        (transfer_id, _EMBEDDED + 1),
    ).fetchall()
    return {
        "object": "list",
        "data": [reversal_json(row) for row in rows[:_EMBEDDED]],
        "has_more": len(rows) > _EMBEDDED,
        "url": f"/v1/transfers/{transfer_id}/reversals",
    }


def reversal_row(connection: sqlite3.Connection, transfer_id: str, identifier: str) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute(
        "select * from reversal where id = ? and transfer_id = ?", (identifier, transfer_id)
    ).fetchone()
    if row is None:
        raise missing_object("transfer reversal", identifier)
    return row


def reversal_json(row: sqlite3.Row) -> Json:
    return {
        "id": row["id"],
        "object": "transfer_reversal",
        "amount": row["amount"],
        "balance_transaction": row["movement_id"],
        "created": row["created"],
        "currency": row["currency"],
        "destination_payment_refund": None,
        "metadata": json.loads(row["metadata"]),
        "source_refund": None,
        "transfer": row["transfer_id"],
    }


def transfer_row(connection: sqlite3.Connection, identifier: str) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute(
        "select * from transfer where id = ?", (identifier,)
    ).fetchone()
    if row is None:
        raise missing_object("transfer", identifier)
    return row


def _check_reversal(connection: sqlite3.Connection, transfer: sqlite3.Row, amount: int, left: int) -> None:
    if left == 0:
        raise ApiError(
            f"Transfer {transfer['id']} is already fully reversed.", code="transfer_already_reversed"
        )
    if amount > left:
        raise ApiError(f"Reversal amount ({amount}) is greater than what is left ({left}).", param="amount")
    if available(connection, transfer["destination"], transfer["currency"]) < amount:
        raise ApiError(
            "The destination account's available balance does not cover the reversal.",
            code="balance_insufficient",
        )
