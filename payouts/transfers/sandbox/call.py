"""One call to the API, as the operations receive it."""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from payouts.transfers.sandbox.parameters import Fields
from payouts.transfers.sandbox.responses import ApiResponse, Json


@dataclass(frozen=True)
class Call:
    """account_id: from the Stripe-Account header, else "". raw: the parameters before validation.

    key: the idempotency key. now: seconds since 1970. expand: returns the object with an id if the sandbox
    has it, else the id.
    """

    method: str
    path: str
    path_ids: Mapping[str, str]
    raw: Any
    key: str | None
    account_id: str
    api_version: str
    request_id: str
    base_url: str
    now: int
    expand: Callable[[sqlite3.Connection, str], Any]


Handler = Callable[[sqlite3.Connection, Call, Json], ApiResponse]


@dataclass(frozen=True, eq=False)
class Operation:
    """A route with its parameters. `run` is called inside a transaction and may raise ApiError."""

    method: str
    path: str
    fields: Fields
    run: Handler

    @property
    def version(self) -> str:
        return "v2" if self.path.startswith("/v2/") else "v1"
