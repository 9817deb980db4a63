"""Servers to compare with: a bare 302 (worker of the edge, ASGI, WSGI), and an insert for each request."""

import os
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from config.edge.application import Request, Response, make_response
from config.settings import load_settings
from tracker.clicks.recording.writers import NewClick, open_writer
from tracker.ids import new_uuid

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LOCATION = "https://shop.example/tea/1?ref=anna&ll=" + "x" * 87
_HEADERS = [("location", LOCATION), ("content-length", "0"), ("cache-control", "no-store, private")]
_BYTES = [(name.encode(), value.encode()) for name, value in _HEADERS]
_own = threading.local()


class Constant:
    """An application for the worker of the edge that answers every request with the same redirect."""

    body_limits_bytes: Mapping[tuple[str, str], int] = {}

    def __init__(self) -> None:
        self._response = make_response(302, [_BYTES[0], _BYTES[2]])

    def start(self) -> None: ...

    def close(self) -> None: ...

    def __call__(self, _request: Request) -> Response:
        return self._response


constant = Constant()


async def bare_asgi(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    if scope["type"] == "lifespan":
        while (await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 302, "headers": _BYTES})
    await send({"type": "http.response.body", "body": b""})


def bare_wsgi(_environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    start_response("302 Found", list(_HEADERS))
    return []


def one_insert_each(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """The cost of a redirect without group commit: each thread writes and syncs its own click."""
    if not hasattr(_own, "writer"):
        _own.writer = open_writer(os.environ.get("BENCH_CLICKS_URL") or load_settings().clicks_url)
    now = datetime.now(UTC)
    click = NewClick(new_uuid(now), new_uuid(now), "person", "unbatched", "phone", None, None)
    with _own.writer.write_lock():
        _own.writer.write([click])
    return bare_wsgi(environ, start_response)
