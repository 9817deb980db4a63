"""The ASGI door of the redirect: a process of its own, which no page, export or webhook can slow.

Knows redirects and health, and no web framework. `edge` is made when a server first asks for it; nothing is
opened or started before the server's start-up event or, where there is none, the first request.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any

from config.database import open_databases
from config.settings import Settings, load_settings
from tracker.clicks.arrivals import Arrivals
from tracker.clicks.cache import READ_DEADLINE_S, LinkCache, LinksUnreadable, Missing, library
from tracker.clicks.recorder import Recorder
from tracker.clicks.redirect import (
    COMMIT_DEADLINE_S,
    NO_STORE,
    RETRY_AFTER_S,
    Answer,
    Visit,
    depart,
    send_on,
    unreadable,
)
from tracker.clicks.visitor import HEADERS
from tracker.programs.codes import LINK_CODE_PATTERN
from tracker.programs.operations import LinkTarget

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

_CODE = re.compile(f"/({LINK_CODE_PATTERN})")
_NAMES = {name.encode(): name for name in HEADERS}
_NO_STORE: Headers = [(name.lower().encode(), value.encode()) for name, value in NO_STORE.items()]
_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>{title}</title>'
    "<h1>{title}</h1><p>{text}</p></html>"
)
_PAGES = {
    404: _PAGE.format(
        title="This link leads nowhere",
        text="It may have been mistyped, or it is no longer in use. Please ask whoever gave it to you.",
    ).encode(),
    405: _PAGE.format(title="This is only for following links", text="Please open it in a browser.").encode(),
    503: _PAGE.format(
        title="Please try again", text="The link could not be looked up. Please try again in a few seconds."
    ).encode(),
}
_PAGE_HEADERS: Headers = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]


class Edge:
    """The application of one process, for one event loop at a time."""

    def __init__(self, settings: Settings, recorder: Recorder, links: LinkCache) -> None:
        self._keys = settings.secret_keys
        self.recorder, self.links = recorder, links
        self._arrivals: Arrivals | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answer(scope, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})

    async def _answer(self, scope: Scope, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        if method not in ("GET", "HEAD"):
            await _respond(send, 405, [(b"allow", b"GET, HEAD")])
        elif path == "/healthz":
            await _say(send, 200, {"status": "ok"})
        elif path == "/readyz":
            await self._say_ready(send)
        elif (found := _CODE.fullmatch(path)) is None:
            await _respond(send, 404)
        else:
            answer = await self._follow(Visit(method, found[1], _kept_headers(scope["headers"])))
            await _respond(send, answer.status, location=answer.location)

    async def _follow(self, visit: Visit) -> Answer:
        """As redirect.follow, without a thread that waits."""
        try:
            link = self.links.known(visit.code)
            if isinstance(link, Missing):
                link = await _outcome(self.links.read(visit.code))
        except LinksUnreadable:
            return unreadable()
        departure = depart(visit, link, None, datetime.now(UTC))
        if isinstance(departure, Answer):
            return departure
        if self._arrivals is None:
            self._arrivals = Arrivals(self.recorder, asyncio.get_running_loop(), COMMIT_DEADLINE_S)
        return send_on(departure, await self._arrivals.expect(departure.click), self._keys)

    async def _say_ready(self, send: Send) -> None:
        """Ready as long as known links can be followed: a database that fails is said, but stops nothing."""
        if not self.links.has_been_read:
            try:
                await _outcome(self.links.read("readyz"))
            except LinksUnreadable:
                await _say(
                    send, 503, {"status": "not ready", "reason": "the links have not been readable yet"}
                )
                return
        await _say(send, 200, {"status": "ready", "database": "up" if self.links.readable else "down"})

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.recorder.start()
                self.links.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                # No click depends on this: whoever was answered has his click on the disk already.
                await asyncio.get_running_loop().run_in_executor(None, self.recorder.close)
                self.links.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _kept_headers(headers: Headers) -> dict[str, str]:
    return {_NAMES[name]: value.decode("latin-1") for name, value in headers if name in _NAMES}


async def _outcome(reading: "Future[LinkTarget | None]") -> LinkTarget | None:
    """Raises LinksUnreadable. Others may wait for the same reading, so it is never cancelled."""
    try:
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(reading)), READ_DEADLINE_S)
    except TimeoutError:
        raise LinksUnreadable from None


async def _respond(send: Send, status: int, more: Headers | None = None, location: str | None = None) -> None:
    if location is not None:
        headers, body = [(b"location", location.encode("ascii")), (b"content-length", b"0"), *_NO_STORE], b""
    else:
        body = _PAGES[status]
        headers = [*_PAGE_HEADERS, *_NO_STORE, (b"content-length", str(len(body)).encode()), *(more or [])]
        if status == 503:
            headers.append((b"retry-after", str(RETRY_AFTER_S).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _say(send: Send, status: int, value: dict[str, str]) -> None:
    body = json.dumps(value).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *_NO_STORE,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def create_edge(settings: Settings) -> Edge:
    return Edge(settings, Recorder.of(settings), LinkCache(library(open_databases(settings).main)))


def __getattr__(name: str) -> Edge:
    """`tracker.clicks.edge:edge` is made when a server first asks for it: importing this does nothing."""
    if name != "edge":
        raise AttributeError(name)
    globals()["edge"] = create_edge(load_settings())
    return globals()["edge"]  # type: ignore[no-any-return]
