"""Faults on demand: what a network, a proxy or Stripe can do to a call, before or after its work.

A fault is queued as {"match": "POST /v1/transfers", "kind": "drop_after", "times": 1}. `match` is a pattern
(*, ?) for method and path. `kind` is "<what>_before", which fails the call before its work, or
"<what>_after", which fails it after its work was done and stored.

    drop            the connection closes without a response
    cut             the response stops half way
    hang            `seconds` pass, with the key in use (before) or the work done (after)
    html            200 with a page instead of JSON
    500, 503, 424   a server error; a 500 with `sticky` is stored under the key, as Stripe does
    409, 429        key in use; too many requests. lock_timeout: a 429 with that code
    401, 403        the key is not accepted, or lacks the permission
"""

import fnmatch
import sqlite3
from dataclasses import dataclass
from typing import Any

from payouts.transfers.sandbox.idempotency import LEASE_S, in_use
from payouts.transfers.sandbox.responses import ApiError, ApiResponse

MAX_HANG_S = LEASE_S / 2

_STATUSES: dict[str, ApiError] = {
    "500": ApiError("An unknown error occurred.", status=500, kind="api_error"),
    "503": ApiError("The service is unavailable.", status=503, kind="api_error"),
    "424": ApiError("An external dependency failed.", status=424, kind="api_error"),
    "409": in_use(),
    "429": ApiError("Request rate limit exceeded.", status=429, code="rate_limit"),
    "lock_timeout": ApiError(
        "This object cannot be accessed right now because another request is using it.",
        status=429,
        code="lock_timeout",
    ),
    "401": ApiError("Invalid API Key provided.", status=401),
    "403": ApiError("The provided key does not have the required permissions.", status=403),
}
_FAULT_KINDS = frozenset(("drop", "cut", "hang", "html", *_STATUSES))
_MOMENTS = frozenset(("before", "after"))


@dataclass(frozen=True)
class Fault:
    what: str
    moment: str
    seconds: float = 1.0
    sticky: bool = False

    @property
    def kind(self) -> str:
        return f"{self.what}_{self.moment}"

    def applies(self, moment: str) -> bool:
        return self.moment == moment

    def reply(self, version: str) -> ApiResponse | None:
        """The response of this fault, if it has its own."""
        refusal = _STATUSES.get(self.what)
        return None if refusal is None else refusal.as_response(version)


NO_FAULT = Fault("none", "never")


def queue_fault(connection: sqlite3.Connection, wanted: dict[str, Any]) -> None:
    """Add a fault to the queue. Raises ApiError when it is invalid."""
    what, _, moment = str(wanted.get("kind", "")).rpartition("_")
    seconds = float(wanted.get("seconds", 1.0))
    if what not in _FAULT_KINDS or moment not in _MOMENTS:
        raise ApiError(
            f"kind must be <what>_before or <what>_after; <what> is one of {', '.join(sorted(_FAULT_KINDS))}."
        )
    if not 0 <= seconds <= MAX_HANG_S:
        raise ApiError(f"seconds must be between 0 and {MAX_HANG_S:.0f}.")
    connection.execute(
        "insert into fault (match, kind, moment, times, seconds, sticky) values (?, ?, ?, ?, ?, ?)",
        (
            str(wanted.get("match", "*")),
            what,
            moment,
            int(wanted.get("times", 1)),
            seconds,
            bool(wanted.get("sticky", False)),
        ),
    )


def take_fault(connection: sqlite3.Connection, method_and_path: str) -> Fault:
    """The first fault that matches the call; it then applies one time less. NO_FAULT when there is none.

    method_and_path: for example "POST /v1/transfers".
    """
    for row in connection.execute("select * from fault where times > 0 order by seq").fetchall():
        if fnmatch.fnmatchcase(method_and_path, row["match"]):
            connection.execute("update fault set times = times - 1 where seq = ?", (row["seq"],))
            return Fault(row["kind"], row["moment"], row["seconds"], bool(row["sticky"]))
    return NO_FAULT
