"""Lists as in Stripe's v1 API: newest first, with cursors and filters."""

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from payouts.transfers.sandbox.parameters import Field, Fields
from payouts.transfers.sandbox.responses import ApiResponse, Json, missing_object

_LIMIT, _MAX_LIMIT = 10, 100

PAGE: Fields = {
    "limit": Field("integer", minimum=1),
    "starting_after": Field("string"),
    "ending_before": Field("string"),
    "expand": Field("strings", supported=False),
}

_WINDOW = """
    and (:gt is null or created > :gt) and (:gte is null or created >= :gte)
    and (:lt is null or created < :lt) and (:lte is null or created <= :lte)
    and (:after_seq is null or seq < :after_seq) and (:before_seq is null or seq > :before_seq)
    order by seq * :direction limit :row_limit
"""


def list_page(
    connection: sqlite3.Connection,
    statement: str,
    cursor_statement: str,
    filters: Mapping[str, Any],
    params: Json,
    url: str,
    render: Callable[[sqlite3.Row], Json],
) -> ApiResponse:
    """One page of a list.

    statement: a select with its own conditions; those for time, cursors and order are appended.
    cursor_statement: selects the `seq` of an id.
    """
    limit = min(params.get("limit", _LIMIT), _MAX_LIMIT)
    backwards = "ending_before" in params and "starting_after" not in params
    values = {
        **{bound: params.get("created", {}).get(bound) for bound in ("gt", "gte", "lt", "lte")},
        **filters,
        "after_seq": _cursor(connection, cursor_statement, params, "starting_after"),
        "before_seq": _cursor(connection, cursor_statement, params, "ending_before"),
        "direction": 1 if backwards else -1,
        "row_limit": limit + 1,
    }
    rows = connection.execute(f"{statement} {_WINDOW}", values).fetchall()
    page = rows[:limit]
    if backwards:
        page.reverse()
    data = [render(row) for row in page]
    return ApiResponse(200, {"object": "list", "data": data, "has_more": len(rows) > limit, "url": url})


def _cursor(connection: sqlite3.Connection, statement: str, params: Json, name: str) -> int | None:
    if name not in params:
        return None
    row = connection.execute(statement, (params[name],)).fetchone()
    if row is None:
        raise missing_object("object", params[name], param=name)
    return int(row["seq"])
