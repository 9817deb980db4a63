"""Delivery of events to a webhook, signed as by Stripe: on demand, in any order, repeated if wanted."""

import hashlib
import hmac
import random
import sqlite3
from collections.abc import Sequence
from http.client import HTTPConnection
from typing import Literal
from urllib.parse import urlsplit

from payouts.transfers.sandbox.responses import ApiError, Json
from payouts.transfers.sandbox.store import Store

DeliveryOrder = Literal["created", "reversed", "shuffled"]
_LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))
_TIMEOUT_S = 30.0


def signature_header(payload: bytes, secret: str, timestamp: int) -> str:
    """Stripe-Signature (docs.stripe.com/webhooks): HMAC-SHA256 of "<timestamp>.<payload>"."""
    signed = str(timestamp).encode() + b"." + payload
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def deliver(
    store: Store,
    url: str,
    secret: str,
    *,
    types: Sequence[str] = (),
    times: int = 1,
    order: DeliveryOrder = "created",
    seed: int = 0,
    again: bool = False,
) -> list[Json]:
    """Post events to `url`, each `times` times; returns [{"event", "status"}] in the order of sending.

    types: only events of these types, if given. again: also events that were delivered before. seed: for the
    order "shuffled". Only loopback addresses are accepted. Signatures contain the sandbox's time.
    """
    with store.read() as connection:
        rows = _undelivered(connection, types, again)
        now = store.now(connection)
    queue = [row for row in rows for _ in range(times)]
    if order == "reversed":
        queue.reverse()
    elif order == "shuffled":
        random.Random(seed).shuffle(queue)
    sent = []
    for row in queue:
        payload = row["body"].encode()
        status = _post(url, payload, signature_header(payload, secret, now))
        sent.append({"event": row["id"], "status": status})
        if 200 <= status < 300:
            with store.write() as connection:
                connection.execute("update event set delivered = 1 where id = ?", (row["id"],))
    return sent


def _undelivered(connection: sqlite3.Connection, types: Sequence[str], again: bool) -> list[sqlite3.Row]:
    rows = connection.execute(
        "select * from event where delivered = 0 or ? order by seq", (again,)
    ).fetchall()
    return [row for row in rows if not types or row["type"] in types]


def _post(url: str, payload: bytes, signature: str) -> int:
    """The status of the response, or 0 when there was none."""
    target = urlsplit(url)
    if target.scheme != "http" or target.hostname not in _LOOPBACK:
        raise ApiError("The sandbox only delivers to this machine: http://127.0.0.1:PORT/…")
    connection = HTTPConnection(target.hostname, target.port or 80, timeout=_TIMEOUT_S)
    try:
        path = target.path + (f"?{target.query}" if target.query else "")
        headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signature}
        connection.request("POST", path or "/", body=payload, headers=headers)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()
