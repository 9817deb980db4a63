"""Both entry points without a socket: for any peer address, and for bytes that no client sends."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Protocol

from werkzeug.test import create_environ, run_wsgi_app

from config.edge.application import Request, Response
from config.settings import Settings
from tests.tracker.clicks.visitors import PEOPLE
from tracker.clicks.redirect.edge import create_edge
from tracker.clicks.redirect.parts import RedirectParts
from wsgi import create_app

BROWSER = ("User-Agent", PEOPLE["Safari on iPhone"][0])
Lines = Sequence[tuple[str, str]]
POLL_S = 0.05
"""Short, so that tests do not wait a second for a change to take effect."""


@dataclass(frozen=True)
class RecordedResponse:
    status: int
    headers: Lines
    body: bytes

    @property
    def location(self) -> str | None:
        found = [value for name, value in self.headers if name.lower() == "location"]
        assert len(found) < 2
        return found[0] if found else None


class SendRequest(Protocol):
    """Every string has one character for each byte. `headers` are lines, so a name may appear twice."""

    def __call__(
        self, path: str, query: str = "", headers: Lines = (BROWSER,), peer: str = "203.0.113.9"
    ) -> RecordedResponse: ...


@contextmanager
def flask_in_process(settings: Settings) -> Iterator[SendRequest]:
    app = create_app(settings)
    app.extensions["linkledger"].part(RedirectParts).links.poll_s = POLL_S

    def send_request(
        path: str, query: str = "", headers: Lines = (BROWSER,), peer: str = "203.0.113.9"
    ) -> RecordedResponse:
        environ: dict[str, Any] = create_environ("/x")
        environ |= {"PATH_INFO": path, "QUERY_STRING": query, "REMOTE_ADDR": peer, "wsgi.input": BytesIO()}
        sent: dict[str, str] = {}
        for name, value in headers:
            key = f"HTTP_{name.upper().replace('-', '_')}"
            sent[key] = f"{sent[key]},{value}" if key in sent else value  # as servers do (PEP 3333)
        body, status, response_headers = run_wsgi_app(app, environ | sent, buffered=True)
        return RecordedResponse(int(status.split()[0]), list(response_headers), b"".join(body))

    yield send_request
    app.extensions["linkledger"].part(RedirectParts).recorder.close()
    app.extensions["linkledger"].part(RedirectParts).links.close()


@contextmanager
def edge_in_process(settings: Settings) -> Iterator[SendRequest]:
    edge, loop = create_edge(settings), asyncio.new_event_loop()
    edge.links.poll_s = POLL_S

    def send_request(
        path: str, query: str = "", headers: Lines = (BROWSER,), peer: str = "203.0.113.9"
    ) -> RecordedResponse:
        fields: dict[bytes, bytes] = {}
        for name, value in headers:
            field, encoded = name.lower().encode(), value.encode("latin-1")
            fields[field] = fields[field] + b"," + encoded if field in fields else encoded
        request = Request("GET", path, query, fields, peer, is_http_1_0=False, keep_alive=True)
        response = loop.run_until_complete(respond(request))
        lines = [line.partition(": ") for line in response.head.decode("latin-1").split("\r\n")[1:-1]]
        status = int(response.head.split()[1])
        return RecordedResponse(status, [(name, value) for name, _, value in lines], response.body)

    async def respond(request: Request) -> Response:
        found = edge(request)
        if isinstance(found, Response):
            return found
        future: asyncio.Future[Response] = loop.create_future()
        found.notify(future.set_result, future.set_exception)
        return await future

    yield send_request
    edge.recorder.close()
    edge.links.close()
    loop.close()


OpenInProcess = Callable[[Settings], AbstractContextManager[SendRequest]]
IN_PROCESS: dict[str, OpenInProcess] = {
    "flask": flask_in_process,
    "edge": edge_in_process,
}
