"""The operations of the sandbox, and how each is carried out exactly once."""

import sqlite3
import threading
from typing import Any

from payouts.transfers.sandbox import idempotency
from payouts.transfers.sandbox.call import Call, Operation
from payouts.transfers.sandbox.faults import Fault
from payouts.transfers.sandbox.objects import accounts, balance, events, reversals, transfers
from payouts.transfers.sandbox.parameters import checked
from payouts.transfers.sandbox.responses import Answer, Refusal
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
    Operation("GET", "/v1/events", events.EVENT_LIST, events.list_events),
    Operation("GET", "/v1/events/<id>", events.EVENT_GET, events.get_event),
)


def perform(store: Store, operation: Operation, call: Call, fault: Fault, hurry: threading.Event) -> Answer:
    """Carry the call out, or replay what is kept under its key. `hurry` cuts a hang short."""
    try:
        if operation.method == "GET":
            if fault.kind == "hang_before":
                hurry.wait(fault.seconds)
            params = checked(call.raw, operation.fields)
            with store.read() as connection:
                return operation.run(connection, call, params)
        return _perform_once(store, operation, call, fault, hurry)
    except Refusal as refusal:
        return refusal.as_answer(operation.version)


def expand_object(connection: sqlite3.Connection, identifier: str) -> Any:
    """The object behind an id, for `expand`; ids of what the sandbox does not have stay ids."""
    if identifier.startswith("tr_"):
        return transfers.transfer_json(connection, reversals.transfer_row(connection, identifier))
    if identifier.startswith("trr_"):
        row = connection.execute("select * from reversal where id = ?", (identifier,)).fetchone()
        return reversals.reversal_json(row)
    return identifier


def _perform_once(
    store: Store, operation: Operation, call: Call, fault: Fault, hurry: threading.Event
) -> Answer:
    if call.key is None:
        params = checked(call.raw, operation.fields)
        with store.write() as connection:
            return operation.run(connection, call, params)
    slot = idempotency.Slot(
        operation.version,
        call.account_id,
        call.key,
        idempotency.fingerprint(call.method, call.path, call.raw),
        call.request_id,
    )
    refusal: Refusal | None = None
    try:
        params = checked(call.raw, operation.fields)
    except Refusal as found:
        refusal = found
    # Faults in the parameters are found before the work begins, so they are not kept under the key.
    with store.write() as connection:
        replay = idempotency.begin(connection, slot, call.now, claim=refusal is None)
    if replay is not None:
        return replay
    if refusal is not None:
        raise refusal
    try:
        if fault.kind == "hang_before":
            hurry.wait(fault.seconds)
        return _work(store, operation, call, params, slot, fault)
    except BaseException:
        with store.write() as connection:
            idempotency.release(connection, slot)
        raise


def _work(
    store: Store, operation: Operation, call: Call, params: Any, slot: idempotency.Slot, fault: Fault
) -> Answer:
    """The work and its answer, kept in one transaction. A sticky fault keeps its own answer instead."""
    sticky = fault.answer(operation.version) if fault.sticky else None
    with store.write() as connection:
        if sticky is not None and fault.strikes("before"):
            answer = sticky
        else:
            try:
                answer = operation.run(connection, call, params)
            except Refusal as refusal:
                answer = refusal.as_answer(operation.version)
        if sticky is not None:
            answer = sticky
        idempotency.finish(connection, slot, answer)
    return answer
