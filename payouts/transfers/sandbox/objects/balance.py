"""Balances of the platform and of creators: sums of movements (Stripe's balance transactions)."""

import secrets
import sqlite3
from typing import Any

from payouts.transfers.sandbox.call import Call
from payouts.transfers.sandbox.objects.listing import PAGE, list_page
from payouts.transfers.sandbox.parameters import Field, Fields
from payouts.transfers.sandbox.responses import ApiError, ApiResponse, Json, missing_object

PLATFORM = ""
"""The account id of the platform itself."""

_CATEGORY = {
    "payment": "charge",
    "payment_refund": "refund",
    "transfer_refund": "transfer_reversal",
}

MOVEMENT_LIST: Fields = {
    **PAGE,
    "expand": Field("strings", choices=("data.source",)),
    "created": Field("range"),
    "currency": Field("string"),
    "payout": Field("string", supported=False),
    "source": Field("string"),
    "type": Field("string"),
}

MOVEMENT_GET: Fields = {"expand": Field("strings", choices=("source",))}
BALANCE: Fields = {"expand": Field("strings", supported=False)}

_MOVEMENTS = """select * from movement where account_id = :account_id
    and (:currency is null or currency = :currency) and (:source is null or source = :source)
    and (:type is null or type = :type)"""


def move(
    connection: sqlite3.Connection,
    now: int,
    account_id: str,
    amount: int,
    currency: str,
    kind: str,
    source: str | None = None,
) -> str:
    """Record a movement (negative: out of the account); returns its id."""
    identifier = new_id("txn")
    connection.execute(
        "insert into movement (id, created, account_id, amount, currency, type, source)"
        " values (?, ?, ?, ?, ?, ?, ?)",
        (identifier, now, account_id, amount, currency, kind, source),
    )
    return identifier


def available(connection: sqlite3.Connection, account_id: str, currency: str) -> int:
    row = connection.execute(
        "select coalesce(sum(amount), 0) as amount from movement where account_id = ? and currency = ?",
        (account_id, currency),
    ).fetchone()
    return int(row["amount"])


def balance(connection: sqlite3.Connection, call: Call, params: Json) -> ApiResponse:
    """GET /v1/balance: in the sandbox all money is available at once."""
    rows = connection.execute(
        "select currency, sum(amount) as amount from movement where account_id = ?"
        " group by currency order by currency",
        (owner(connection, call),),
    ).fetchall()
    amounts = [
        {"amount": row["amount"], "currency": row["currency"], "source_types": {"card": row["amount"]}}
        for row in rows
    ]
    zero_amounts = [{"amount": 0, "currency": row["currency"], "source_types": {"card": 0}} for row in rows]
    return ApiResponse(
        200, {"object": "balance", "available": amounts, "livemode": False, "pending": zero_amounts}
    )


def list_movements(connection: sqlite3.Connection, call: Call, params: Json) -> ApiResponse:
    """GET /v1/balance_transactions."""
    filters = {name: params.get(name) for name in ("currency", "source", "type")}
    filters["account_id"] = owner(connection, call)
    return list_page(
        connection,
        _MOVEMENTS,
        "select seq from movement where id = ?",
        filters,
        params,
        "/v1/balance_transactions",
        lambda row: _movement_json(connection, call, row, params.get("expand", []), "data.source"),
    )


def get_movement(connection: sqlite3.Connection, call: Call, params: Json) -> ApiResponse:
    """GET /v1/balance_transactions/{id}."""
    row = connection.execute(
        "select * from movement where id = ? and account_id = ?",
        (call.path_ids["id"], owner(connection, call)),
    ).fetchone()
    if row is None:
        raise missing_object("balance transaction", call.path_ids["id"])
    return ApiResponse(200, _movement_json(connection, call, row, params.get("expand", []), "source"))


def owner(connection: sqlite3.Connection, call: Call) -> str:
    """The account that the call is for: the platform, or the account of the Stripe-Account header."""
    if call.account_id == PLATFORM:
        return PLATFORM
    known = connection.execute("select 1 from account where id = ?", (call.account_id,)).fetchone()
    if known is None:
        raise ApiError(
            f"The provided key does not have access to account '{call.account_id}'"
            " (or that account does not exist).",
            status=403,
            code="account_invalid",
        )
    return call.account_id


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"


def _movement_json(
    connection: sqlite3.Connection, call: Call, row: sqlite3.Row, expand: list[str], expandable: str
) -> Json:
    source: Any = row["source"]
    if source is not None and expandable in expand:
        source = call.expand(connection, source)
    return {
        "id": row["id"],
        "object": "balance_transaction",
        "amount": row["amount"],
        "available_on": row["created"],
        "balance_type": "payments",
        "created": row["created"],
        "currency": row["currency"],
        "description": row["description"],
        "exchange_rate": None,
        "fee": 0,
        "fee_details": [],
        "net": row["amount"],
        "reporting_category": _CATEGORY.get(row["type"], row["type"]),
        "source": source,
        "status": "available",
        "type": row["type"],
    }
