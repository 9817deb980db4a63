"""Idempotency keys, as described at docs.stripe.com/api/idempotent_requests.

v1 stores the response of every request whose work has begun, errors included, for 24 hours. v2 stores
successes for 30 days and repeats failed work. A request in flight is a row too, so other processes see it.
The row has a lease, measured by the wall clock, because its process may crash; the work is then rolled back.
"""

import hashlib
import json
import sqlite3
import time
from dataclasses import dataclass

from payouts.transfers.sandbox.responses import ApiError, ApiResponse, Json

MAX_KEY_CHARS = 255
RETENTION_S = {"v1": 24 * 3600, "v2": 30 * 24 * 3600}
LEASE_S = 60.0


@dataclass(frozen=True)
class KeyUse:
    """The use of a key by one request. owner: the id of the request."""

    version: str
    account_id: str
    key: str
    fingerprint: str
    owner: str


def fingerprint(method: str, path: str, parameters: Json) -> str:
    """Two requests are the same when their parameters are equal, in any order."""
    text = json.dumps([method, path, parameters], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def begin(connection: sqlite3.Connection, slot: KeyUse, now: int, *, claim: bool) -> ApiResponse | None:
    """The stored response, if there is one; else None, and with `claim` the key is marked as in flight.

    Raises ApiError: 400 for other parameters, 409 while another request with the key is in progress.
    """
    if len(slot.key) > MAX_KEY_CHARS:
        raise ApiError(
            f"An idempotency key may have at most {MAX_KEY_CHARS} characters.", kind="idempotency_error"
        )
    connection.execute(
        "delete from idempotency where version = ? and status is not null and created <= ?",
        (slot.version, now - RETENTION_S[slot.version]),
    )
    row = connection.execute(
        "select * from idempotency where version = ? and account_id = ? and key = ?",
        (slot.version, slot.account_id, slot.key),
    ).fetchone()
    if row is not None:
        _check_same(row, slot)
        if row["status"] is not None:
            return _replay(row)
        if row["lease_until"] > time.time():
            raise in_use()
    if claim:
        connection.execute(
            "insert or replace into idempotency"
            " (version, account_id, key, fingerprint, created, owner, lease_until)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            (*_key(slot), slot.fingerprint, now, slot.owner, time.time() + LEASE_S),
        )
    return None


def finish(connection: sqlite3.Connection, slot: KeyUse, reply: ApiResponse) -> None:
    """Store the response in the transaction of the work. Raises ApiError when another request has the key."""
    if slot.version == "v2" and reply.status >= 400:
        release(connection, slot)
        return
    done = connection.execute(
        "update idempotency set status = ?, body = ?, request_id = ?"
        " where version = ? and account_id = ? and key = ? and owner = ? and status is null",
        (reply.status, json.dumps(reply.body), slot.owner, *_key(slot), slot.owner),
    )
    if done.rowcount != 1:
        raise in_use()


def release(connection: sqlite3.Connection, slot: KeyUse) -> None:
    """Remove the in-flight row: nothing was done under the key."""
    connection.execute(
        "delete from idempotency where version = ? and account_id = ? and key = ? and owner = ?"
        " and status is null",
        (*_key(slot), slot.owner),
    )


def in_use() -> ApiError:
    return ApiError(
        "There is currently another in-progress request using this idempotency key"
        " (that probably means you submitted twice, and the other request is still going through).",
        status=409,
        code="idempotency_key_in_use",
        kind="idempotency_error",
    )


def _key(slot: KeyUse) -> tuple[str, str, str]:
    return slot.version, slot.account_id, slot.key


def _check_same(row: sqlite3.Row, slot: KeyUse) -> None:
    if row["fingerprint"] != slot.fingerprint:
        raise ApiError(
            "Keys for idempotent requests can only be used with the same parameters they were first used"
            f" with. Try using a key other than '{slot.key}' if you meant to execute a different request.",
            kind="idempotency_error",
        )


def _replay(row: sqlite3.Row) -> ApiResponse:
    headers = {"Idempotent-Replayed": "true", "Original-Request": row["request_id"]}
    return ApiResponse(row["status"], json.loads(row["body"]), headers)
