"""The entry point of the redirect in a process of its own, which pages, exports and webhooks cannot slow.

Serves redirects, the shop script and health checks, without a web framework. config/edge has the HTTP server,
which calls `Edge`. `edge` is created on first access; nothing is opened or started before `Edge.start`.
"""

import asyncio
import re
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Any

from config.database import open_databases
from config.edge.application import Later, Request, Response
from config.settings import Settings, load_settings
from tracker.clicks.counting.confirmations import PrerenderConfirmations
from tracker.clicks.counting.visitor_keys import VisitorKeys
from tracker.clicks.metrics import Tally
from tracker.clicks.recording.async_recorder import AsyncRecorder
from tracker.clicks.recording.recorder import Recorder
from tracker.clicks.redirect import edge_responses, shop_script
from tracker.clicks.redirect.link_cache import (
    READ_DEADLINE_S,
    LinkCache,
    LinksUnavailable,
    NotCached,
)
from tracker.clicks.redirect.link_source import link_source
from tracker.clicks.redirect.request import (
    COMMIT_DEADLINE_S,
    PendingRedirect,
    RedirectResult,
    Visit,
    complete_redirect,
    count_result,
    links_unavailable,
    prepare_redirect,
)
from tracker.clicks.redirect.shown_brands import ShownBrands, shown_brands_of
from tracker.clicks.redirect.visit_reader import VisitReader
from tracker.language.texts import LANGUAGES
from tracker.programs.codes import LINK_CODE_PATTERN
from tracker.programs.links.operations import LinkTarget

MAX_CONFIRMATION_BYTES = 200
"""Of `POST /ll.js`: more than a click token has, so that a longer body still gets a clear response."""
_CODE_PATH = re.compile(f"/({LINK_CODE_PATTERN})")
_HEALTH_PATH, _READY_PATH = "/healthz", "/readyz"
_OK = edge_responses.json_response(HTTPStatus.OK, {"status": "ok"})
_NOT_READY = edge_responses.json_response(
    HTTPStatus.SERVICE_UNAVAILABLE, {"status": "not ready", "reason": "links could not be read yet"}
)
_READY = {
    readable: edge_responses.json_response(HTTPStatus.OK, {"status": "ready", "database": state})
    for readable, state in ((True, "up"), (False, "down"))
}


class Edge:
    """The application of one process, for config.edge.worker; uses one event loop at a time."""

    body_limits_bytes = {("POST", shop_script.PATH): MAX_CONFIRMATION_BYTES}

    def __init__(self, settings: Settings, recorder: Recorder, links: LinkCache, brands: ShownBrands) -> None:
        self._keys = settings.secret_keys
        self._visitor_keys = VisitorKeys(settings.home)
        self._reader = VisitReader(settings.trusted_proxies, settings.country_header)
        self._confirmations = PrerenderConfirmations(settings.clicks_url, settings.secret_keys)
        self.recorder, self.links, self._brands = recorder, links, brands
        self._languages = {LANGUAGES[0]}
        """Those whose texts are in memory; English is the source."""
        self._async_recorder: AsyncRecorder | None = None
        self._tally = Tally()
        self._tasks: set[asyncio.Task[Response | Later]] = set()

    def start(self) -> None:
        """Start the threads and read the key files before the first request."""
        self.recorder.start()
        self.links.start()
        self._visitor_keys.at(datetime.now(UTC))

    def close(self) -> None:
        """No click depends on this: a click is on disk before its response is sent."""
        self.recorder.close()
        self._confirmations.close()
        self.links.close()

    def __call__(self, request: Request) -> Response | Later:
        """At once for everything but a link that is not cached or whose click must be recorded first."""
        path, method = request.path, request.method
        if method == "POST" and path == shop_script.PATH:
            return edge_responses.acknowledgement(self._confirmations.accept(request.body, datetime.now(UTC)))
        if method not in ("GET", "HEAD"):
            return self._in_language(request, lambda language: edge_responses.not_allowed(path, language))
        if path == _HEALTH_PATH:
            return _OK
        if path == _READY_PATH:
            return self._readiness()
        if path == shop_script.PATH:
            return edge_responses.shop_script(request)
        found = _CODE_PATH.fullmatch(path)
        if found is None:
            return self._in_language(request, partial(edge_responses.page_response, 404))
        return self._follow(self._reader.visit(request, found[1]), request)

    def _follow(self, visit: Visit, request: Request) -> Response | Later:
        """Like request.follow, without blocking a thread."""
        link = self.links.cached(visit.code, self._tally.count)
        if isinstance(link, NotCached):
            return self._later(self._follow_uncached(visit, request))
        return self._redirect(visit, request, link)

    async def _follow_uncached(self, visit: Visit, request: Request) -> Response | Later:
        try:
            link = await _await_link(self.links.read(visit.code))
        except LinksUnavailable:
            return self._response(links_unavailable(), request)
        return self._redirect(visit, request, link)

    def _redirect(self, visit: Visit, request: Request, link: LinkTarget | None) -> Response | Later:
        domain = self.links.domain(visit.host)
        pending = prepare_redirect(visit, link, domain, datetime.now(UTC), self._visitor_keys)
        if isinstance(pending, RedirectResult):
            return self._response(pending, request)
        if self._async_recorder is None:
            self._async_recorder = AsyncRecorder(
                self.recorder, asyncio.get_running_loop(), COMMIT_DEADLINE_S, self._tally.add_to_metrics
            )
        later = Later()
        self._async_recorder.submit(pending.click, partial(self._complete, pending, later))
        return later

    def _complete(self, pending: PendingRedirect, later: Later, recorded: bool) -> None:
        try:
            result = complete_redirect(pending, recorded, self._keys, self._tally.count)
            count_result(result, self._tally.count)
            response = edge_responses.redirect_response(result.location or "")
        except Exception as error:
            later.fail(error)
        else:
            later.resolve(response)

    def _later(self, coroutine: Coroutine[Any, Any, Response | Later]) -> Later:
        """The result of this coroutine, which may itself be a result that comes later."""
        later = Later()

        def resolve(task: "asyncio.Task[Response | Later]") -> None:
            self._tasks.discard(task)
            error = task.exception()
            if error is not None:
                later.fail(error)
                return
            result = task.result()
            if isinstance(result, Response):
                later.resolve(result)
            else:
                result.notify(later.resolve, later.fail)

        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(resolve)
        return later

    def _response(self, result: RedirectResult, request: Request) -> Response | Later:
        """The response with a result that needs no recording; counts it."""
        self._tally.add_to_metrics()
        count_result(result)
        if result.location is not None:
            return edge_responses.redirect_response(result.location)
        brand_id = result.brand_id

        def page(language: str) -> Response:
            brand = None if brand_id is None else self._brands.find(brand_id)
            return edge_responses.page_response(result.status, language, brand)

        return self._in_language(request, page, brand_id)

    def _in_language(
        self, request: Request, page: Callable[[str], Response], brand_id: str | None = None
    ) -> Response | Later:
        """A page for a shopper: at once, or in a thread where a catalogue or a brand must be read first."""
        language = edge_responses.asked_language(request)
        if language in self._languages and (brand_id is None or self._brands.is_known(brand_id)):
            return page(language)

        async def made() -> Response:
            response = await asyncio.get_running_loop().run_in_executor(None, page, language)
            self._languages.add(language)
            return response

        return self._later(made())

    def _readiness(self) -> Response | Later:
        """503 until the database has answered once. After that 200: cached links work without a database."""
        if self.links.has_been_read:
            return _READY[self.links.readable]
        return self._later(self._first_readiness())

    async def _first_readiness(self) -> Response:
        try:
            await _await_link(self.links.read("readyz"))
        except LinksUnavailable:
            return _NOT_READY
        return _READY[self.links.readable]


async def _await_link(future: "Future[LinkTarget | None]") -> LinkTarget | None:
    """Raises LinksUnavailable. Other requests may wait for the same read, so it is never cancelled."""
    try:
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), READ_DEADLINE_S)
    except TimeoutError:
        raise LinksUnavailable from None


def create_edge(settings: Settings) -> Edge:
    engine = open_databases(settings).main
    return Edge(settings, Recorder.of(settings), LinkCache(link_source(engine)), shown_brands_of(engine))


def __getattr__(name: str) -> Edge:
    """Create `edge` on first access, so that an import of this module opens nothing."""
    if name != "edge":
        raise AttributeError(name)
    globals()["edge"] = create_edge(load_settings())
    return globals()["edge"]  # type: ignore[no-any-return]
