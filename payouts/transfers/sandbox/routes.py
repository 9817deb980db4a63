"""The operations of the sandbox, and how each is executed exactly once."""

import sqlite3
import threading
from typing import Any

from payouts.transfers.sandbox import idempotency
from payouts.transfers.sandbox.call import Call, Operation
from payouts.transfers.sandbox.faults import Fault
from payouts.transfers.sandbox.objects import accounts, balance, disputes, events, reversals, transfers
from payouts.transfers.sandbox.parameters import validated
from payouts.transfers.sandbox.responses import ApiError, ApiResponse
from payouts.transfers.sandbox.store import Store

OPERATIONS = (
    Operation("POST", "/v2/core/accounts", accounts.ACCOUNT_CREATE, accounts.create_account),
    Operation("GET", "/v2/core/accounts/<id>", accounts.ACCOUNT_GET, accounts.get_account),
    Operation("POST", "/v2/core/account_links", accounts.LINK_CREATE, accounts.create_link),
    Operation("POST", "/v1/transfers", transfers.TRANSFER_CREATE, transfers.create_transfer),
    Operation("GET", "/v1/transfers", transfers.TRANSFER_LIST, transfers.list_transfers),
    Operation("GET", "/v1/transfers/<id>", transfers.TRANSFER_GET, transfers.get_transfer),
    Operation("POST", "/v1/transfers/<id>/reversals", reversals.REVERSAL_CREATE, reversals.create_reversal),
    Operation("GET", "/v1/transfers/<id>/reversals", reversals.REVERSAL_LIST, reversals.list_reversals),
    Operation(
        "GET", "/v1/transfers/<transfer>/reversals/<id>", reversals.REVERSAL_GET, reversals.get_reversal
    ),
    Operation("GET", "/v1/balance", balance.BALANCE, balance.balance),
    Operation("GET", "/v1/balance_transactions", balance.MOVEMENT_LIST, balance.list_movements),
    Operation("GET", "/v1/balance_transactions/<id>", balance.MOVEMENT_GET, balance.get_movement),
    Operation("GET", "/v1/disputes/<id>", disputes.DISPUTE_GET, disputes.get_dispute),
    Operation("GET", "/v1/events", events.EVENT_LIST, events.list_events),
    Operation("GET", "/v1/events/<id>", events.EVENT_GET, events.get_event),
)


def perform(
    store: Store, operation: Operation, call: Call, fault: Fault, cancel_hangs: threading.Event
) -> ApiResponse:
    """Execute the call, or replay the response stored under its key. `cancel_hangs` ends a hang early."""
    try:
        if operation.method == "GET":
            if fault.kind == "hang_before":
                cancel_hangs.wait(fault.seconds)
            params = validated(call.raw, operation.fields)
            with store.read() as connection:
                return operation.run(connection, call, params)
        return _perform_once(store, operation, call, fault, cancel_hangs)
    except ApiError as refusal:
        return refusal.as_response(operation.version)


def expand_object(connection: sqlite3.Connection, identifier: str) -> Any:
    """The object with an id, for `expand`; an id that the sandbox does not know is returned unchanged."""
    if identifier.startswith("tr_"):
        return transfers.transfer_json(connection, reversals.transfer_row(connection, identifier))
    if identifier.startswith("trr_"):
        row = connection.execute("select * from reversal where id = ?", (identifier,)).fetchone()
        return reversals.reversal_json(row)
    return identifier


def _perform_once(
    store: Store, operation: Operation, call: Call, fault: Fault, cancel_hangs: threading.Event
) -> ApiResponse:
    if call.key is None:
        params = validated(call.raw, operation.fields)
        with store.write() as connection:
            return operation.run(connection, call, params)
    slot = idempotency.KeyUse(
        operation.version,
        call.account_id,
        call.key,
        idempotency.fingerprint(call.method, call.path, call.raw),
        call.request_id,
    )
    refusal: ApiError | None = None
    try:
        params = validated(call.raw, operation.fields)
    except ApiError as found:
        refusal = found
    # Invalid parameters are found before the work begins, so their error is not stored under the key.
    with store.write() as connection:
        replay = idempotency.begin(connection, slot, call.now, claim=refusal is None)
    if replay is not None:
        return replay
    if refusal is not None:
        raise refusal
    try:
        if fault.kind == "hang_before":
            cancel_hangs.wait(fault.seconds)
        return _work(store, operation, call, params, slot, fault)
    except BaseException:
        with store.write() as connection:
            idempotency.release(connection, slot)
        raise


def _work(
    store: Store, operation: Operation, call: Call, params: Any, slot: idempotency.KeyUse, fault: Fault
) -> ApiResponse:
    """Store the work and its response in one transaction. A sticky fault stores its own response instead."""
    sticky = fault.reply(operation.version) if fault.sticky else None
    with store.write() as connection:
        if sticky is not None and fault.applies("before"):
            reply = sticky
        else:
            try:
                reply = operation.run(connection, call, params)
            except ApiError as refusal:
                reply = refusal.as_response(operation.version)
        if sticky is not None:
            reply = sticky
        idempotency.finish(connection, slot, reply)
    return reply
