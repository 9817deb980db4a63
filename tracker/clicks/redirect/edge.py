"""The ASGI entry point of the redirect, a separate process that pages, exports and webhooks cannot slow.

Serves redirects, the shop script and health checks, without a web framework. `edge` is created on first
access; nothing is opened or started before the server's start-up event or, without one, the first request.
"""

import asyncio
import re
from concurrent.futures import Future
from datetime import UTC, datetime
from http import HTTPStatus

from config.database import open_databases
from config.settings import Settings, load_settings
from tracker.clicks.counting.confirmations import MAX_BYTES, PrerenderConfirmations
from tracker.clicks.counting.visitor_keys import VisitorKeys
from tracker.clicks.recording.async_recorder import AsyncRecorder
from tracker.clicks.recording.recorder import Recorder
from tracker.clicks.redirect import shop_script
from tracker.clicks.redirect.asgi_scope import Scope, ScopeReader
from tracker.clicks.redirect.edge_responses import (
    Receive,
    Response,
    Send,
    page,
    read_body,
    redirect_response,
    send_acknowledgement,
    send_json,
    send_response,
    send_script,
)
from tracker.clicks.redirect.link_cache import (
    READ_DEADLINE_S,
    LinkCache,
    LinksUnavailable,
    NotCached,
    link_source,
)
from tracker.clicks.redirect.request import (
    COMMIT_DEADLINE_S,
    RedirectResult,
    Visit,
    complete_redirect,
    count_result,
    links_unavailable,
    prepare_redirect,
)
from tracker.programs.codes import LINK_CODE_PATTERN
from tracker.programs.links.operations import LinkTarget

_CODE_PATH = re.compile(f"/({LINK_CODE_PATTERN})")
_HEALTH_PATHS = ("/healthz", "/readyz")


class Edge:
    """The ASGI application of one process; uses one event loop at a time."""

    def __init__(self, settings: Settings, recorder: Recorder, links: LinkCache) -> None:
        self._keys = settings.secret_keys
        self._visitor_keys = VisitorKeys(settings.home)
        self._reader = ScopeReader(settings.trusted_proxies, settings.country_header)
        self._confirmations = PrerenderConfirmations(settings.clicks_url, settings.secret_keys)
        self.recorder, self.links = recorder, links
        self._async_recorder: AsyncRecorder | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._respond(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._handle_lifespan(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})

    async def fast_response(self, scope: Scope) -> Response | None:
        """The response to a request for a short link, for servers that can send it at once; else None."""
        found = _CODE_PATH.fullmatch(scope["path"])
        if found is None or scope["method"] not in ("GET", "HEAD") or found[0] in _HEALTH_PATHS:
            return None
        result = count_result(await self._follow(self._reader.visit(scope, found[1])))
        return redirect_response(result.location) if result.location is not None else page(result.status)

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        response = await self.fast_response(scope)
        if response is not None:
            await send_response(send, response)
        elif method == "POST" and path == shop_script.PATH:
            await send_acknowledgement(send, await self._confirm_prerender(receive))
        elif method not in ("GET", "HEAD"):
            await send_response(send, page(405, [(b"allow", b"GET, HEAD")]))
        elif path == "/healthz":
            await send_json(send, 200, {"status": "ok"})
        elif path == "/readyz":
            await self._respond_ready(send)
        elif path == shop_script.PATH:
            await send_script(scope, send)
        else:
            await send_response(send, page(404))

    async def _confirm_prerender(self, receive: Receive) -> int:
        """The shop script reports that a prerendered page was shown. Returns the status of the response."""
        try:
            body = await read_body(receive, MAX_BYTES)
        except TimeoutError:
            return HTTPStatus.REQUEST_TIMEOUT
        return self._confirmations.accept(body, datetime.now(UTC))

    async def _follow(self, visit: Visit) -> RedirectResult:
        """Like request.follow, without blocking a thread."""
        try:
            link = self.links.cached(visit.code)
            if isinstance(link, NotCached):
                link = await _await_link(self.links.read(visit.code))
        except LinksUnavailable:
            return links_unavailable()
        domain = self.links.domain(visit.host)
        pending = prepare_redirect(visit, link, domain, datetime.now(UTC), self._visitor_keys)
        if isinstance(pending, RedirectResult):
            return pending
        if self._async_recorder is None:
            self._async_recorder = AsyncRecorder(self.recorder, asyncio.get_running_loop(), COMMIT_DEADLINE_S)
        return complete_redirect(pending, await self._async_recorder.submit(pending.click), self._keys)

    async def _respond_ready(self, send: Send) -> None:
        """503 until the database has answered once. After that 200: cached links work without a database."""
        if not self.links.has_been_read:
            try:
                await _await_link(self.links.read("readyz"))
            except LinksUnavailable:
                await send_json(send, 503, {"status": "not ready", "reason": "links could not be read yet"})
                return
        await send_json(send, 200, {"status": "ready", "database": "up" if self.links.readable else "down"})

    async def _handle_lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.recorder.start()
                self.links.start()
                self._visitor_keys.at(datetime.now(UTC))  # read the files before the first request
                await send({"type": "lifespan.startup.complete"})
            else:
                # No click depends on this: a click is on disk before its response is sent.
                await asyncio.get_running_loop().run_in_executor(None, self.recorder.close)
                await asyncio.get_running_loop().run_in_executor(None, self._confirmations.close)
                self.links.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


async def _await_link(future: "Future[LinkTarget | None]") -> LinkTarget | None:
    """Raises LinksUnavailable. Other requests may wait for the same read, so it is never cancelled."""
    try:
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), READ_DEADLINE_S)
    except TimeoutError:
        raise LinksUnavailable from None


def create_edge(settings: Settings) -> Edge:
    return Edge(settings, Recorder.of(settings), LinkCache(link_source(open_databases(settings).main)))


def __getattr__(name: str) -> Edge:
    """Create `edge` on first access, so that an import of this module opens nothing."""
    if name != "edge":
        raise AttributeError(name)
    globals()["edge"] = create_edge(load_settings())
    return globals()["edge"]  # type: ignore[no-any-return]
