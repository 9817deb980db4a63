"""Transfers from the platform's balance to a creator's: create, read, list."""

import json
import sqlite3

from payouts.transfers.sandbox.call import Call
from payouts.transfers.sandbox.objects.balance import PLATFORM, available, move, new_id
from payouts.transfers.sandbox.objects.events import record_event
from payouts.transfers.sandbox.objects.listing import PAGE, list_page
from payouts.transfers.sandbox.objects.reversals import embedded_reversals, reversed_amount, transfer_row
from payouts.transfers.sandbox.parameters import Field, Fields
from payouts.transfers.sandbox.responses import ApiError, ApiResponse, Json, missing_object

TRANSFER_CREATE: Fields = {
    "amount": Field("integer", required=True, minimum=1),
    "currency": Field("string", required=True),
    "description": Field("string"),
    "destination": Field("string", required=True),
    "expand": Field("strings", supported=False),
    "metadata": Field("metadata"),
    "source_transaction": Field("string", supported=False),
    "source_type": Field("string", choices=("bank_account", "card", "fpx")),
    "transfer_group": Field("string"),
}
TRANSFER_LIST: Fields = {
    **PAGE,
    "created": Field("range"),
    "destination": Field("string"),
    "transfer_group": Field("string"),
}
TRANSFER_GET: Fields = {"expand": Field("strings", supported=False)}

# Stripe's special cases (docs.stripe.com/currencies), repeated here on purpose: a mistake in the client's
# table must not be shared by the sandbox, which checks it.
_DIVISIBLE_BY = {"isk": 100, "ugx": 100, "bhd": 10, "jod": 10, "kwd": 10, "omr": 10, "tnd": 10}

_TRANSFERS = """select * from transfer where (:destination is null or destination = :destination)
    and (:transfer_group is null or transfer_group = :transfer_group)"""


def create_transfer(connection: sqlite3.Connection, call: Call, params: Json) -> ApiResponse:
    """POST /v1/transfers."""
    currency = params["currency"].lower()
    destination = params["destination"]
    _check_transfer(connection, call, params["amount"], currency, destination)
    identifier, payment_id = new_id("tr"), new_id("py")
    movement_id = move(
        connection, call.now, PLATFORM, -params["amount"], currency, "transfer", source=identifier
    )
    move(connection, call.now, destination, params["amount"], currency, "payment", source=payment_id)
    connection.execute(
        "insert into transfer (id, created, amount, currency, destination, transfer_group, description,"
        " metadata, source_type, movement_id, payment_id) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            identifier,
            call.now,
            params["amount"],
            currency,
            destination,
            params.get("transfer_group"),
            params.get("description"),
            json.dumps(params.get("metadata", {})),
            params.get("source_type", "card"),
            movement_id,
            payment_id,
        ),
    )
    body = transfer_json(connection, transfer_row(connection, identifier))
    record_event(connection, call, "transfer.created", body)
    return ApiResponse(200, body)


def get_transfer(connection: sqlite3.Connection, call: Call, params: Json) -> ApiResponse:
    """GET /v1/transfers/{id}."""
    return ApiResponse(200, transfer_json(connection, transfer_row(connection, call.path_ids["id"])))


def list_transfers(connection: sqlite3.Connection, call: Call, params: Json) -> ApiResponse:
    """GET /v1/transfers."""
    return list_page(
        connection,
        _TRANSFERS,
        "select seq from transfer where id = ?",
        {name: params.get(name) for name in ("destination", "transfer_group")},
        params,
        "/v1/transfers",
        lambda row: transfer_json(connection, row),
    )


def transfer_json(connection: sqlite3.Connection, row: sqlite3.Row) -> Json:
    reversed_so_far = reversed_amount(connection, row["id"])
    return {
        "id": row["id"],
        "object": "transfer",
        "amount": row["amount"],
        "amount_reversed": reversed_so_far,
        "balance_transaction": row["movement_id"],
        "created": row["created"],
        "currency": row["currency"],
        "description": row["description"],
        "destination": row["destination"],
        "destination_payment": row["payment_id"],
        "livemode": False,
        "metadata": json.loads(row["metadata"]),
        "reversals": embedded_reversals(connection, row["id"]),
        "reversed": reversed_so_far == row["amount"],
        "source_transaction": None,
        "source_type": row["source_type"],
        "transfer_group": row["transfer_group"],
    }


def _check_transfer(
    connection: sqlite3.Connection, call: Call, amount: int, currency: str, destination: str
) -> None:
    """Raises ApiError when Stripe would refuse the transfer, with the codes that users of Stripe report."""
    if call.account_id != PLATFORM:
        raise ApiError("In the sandbox only the platform makes transfers.", code="not_in_sandbox")
    if amount % _DIVISIBLE_BY.get(currency, 1):
        raise ApiError(
            f"Invalid amount. {currency.upper()} amounts must be evenly divisible by"
            f" {_DIVISIBLE_BY[currency]}.",
            code="invalid_charge_amount_no_decimal_compatible",
            param="amount",
        )
    account = connection.execute(
        "select transfers_status from account where id = ?", (destination,)
    ).fetchone()
    if account is None:
        raise missing_object("destination", destination, param="destination")
    if account["transfers_status"] != "active":
        raise ApiError(
            "Your destination account needs to have at least one of the following capabilities enabled:"
            " transfers, crypto_transfers, legacy_payments",
            code="insufficient_capabilities_for_transfer",
        )
    if available(connection, PLATFORM, currency) < amount:
        raise ApiError(
            "You have insufficient available funds in your Stripe account. Add funds that become available"
            " at once, or wait for pending ones.",
            code="balance_insufficient",
        )
