"""Responses of the edge: a redirect is only headers, everything else a short page that loads nothing."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from tracker.clicks.redirect.asgi_scope import Scope
from tracker.clicks.redirect.request import NO_STORE, RETRY_AFTER_S
from tracker.clicks.redirect.shop_script import CROSS_ORIGIN_HEADERS, HEADERS_READ, script_response

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
Headers = list[tuple[bytes, bytes]]
Response = tuple[int, Headers, bytes]
"""Status, headers and body."""

BODY_DEADLINE_S = 5.0
_NO_STORE: Headers = [(name.lower().encode(), value.encode()) for name, value in NO_STORE.items()]
_NO_BODY: Headers = [(b"content-length", b"0"), *_NO_STORE]
_PAGE_TEMPLATE = (
    '<!doctype html><html lang="en"><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>{title}</title>'
    "<h1>{title}</h1><p>{message}</p></html>"
)
_PAGES = {
    404: _PAGE_TEMPLATE.format(
        title="This link leads nowhere",
        message="It may be mistyped or no longer in use. Please ask the person who shared it.",
    ).encode(),
    405: _PAGE_TEMPLATE.format(
        title="This address only serves links", message="Please open the link in a browser."
    ).encode(),
    410: _PAGE_TEMPLATE.format(
        title="This link has ended",
        message="The offer has ended. Please ask the person who shared the link for a new one.",
    ).encode(),
    503: _PAGE_TEMPLATE.format(
        title="Please try again",
        message="The link could not be looked up. Please try again in a few seconds.",
    ).encode(),
}
_CROSS_ORIGIN_HEADERS = [
    (name.lower().encode(), value.encode()) for name, value in CROSS_ORIGIN_HEADERS.items()
]
_SCRIPT_REQUEST_HEADERS = {name.encode(): name for name in HEADERS_READ}
_PAGE_HEADERS: Headers = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]


def redirect_response(location: str) -> Response:
    """Raises ValueError for an address that would break the header; no stored destination does."""
    if not location.isprintable():
        raise ValueError("an address with control characters")
    return HTTPStatus.FOUND, [(b"location", location.encode("ascii")), *_NO_BODY], b""


def page(status: int, more: Headers | None = None) -> Response:
    """The page for a status of _PAGES, with `more` headers."""
    body = _PAGES[status]
    headers = [*_PAGE_HEADERS, *_NO_STORE, (b"content-length", str(len(body)).encode()), *(more or [])]
    if status == 503:
        headers.append((b"retry-after", str(RETRY_AFTER_S).encode()))
    return status, headers, body


async def send_response(send: Send, response: Response) -> None:
    status, headers, body = response
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def send_json(send: Send, status: int, value: dict[str, str]) -> None:
    """Send a JSON response."""
    body = json.dumps(value).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *_NO_STORE,
    ]
    await send_response(send, (status, headers, body))


async def send_acknowledgement(send: Send, status: int) -> None:
    """Respond to the shop script, which reads at most the status."""
    headers = [*_NO_STORE, *_CROSS_ORIGIN_HEADERS]
    if status != 204:
        headers.append((b"content-length", b"0"))
    await send_response(send, (status, headers, b""))


async def read_body(receive: Receive, max_bytes: int) -> bytes:
    """Read a body up to `max_bytes` plus one chunk. Raises TimeoutError."""
    body = b""
    async with asyncio.timeout(BODY_DEADLINE_S):
        while len(body) <= max_bytes:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
    return body


async def send_script(scope: Scope, send: Send) -> None:
    """Send `/ll.js`, the same response as that of tracker.clicks.redirect.pages."""
    request_headers = {
        _SCRIPT_REQUEST_HEADERS[name]: value.decode("latin-1")
        for name, value in scope["headers"]
        if name in _SCRIPT_REQUEST_HEADERS
    }
    response = script_response(request_headers)
    headers = [(name.lower().encode(), value.encode()) for name, value in response.headers.items()]
    if response.status == 200:
        headers.append((b"content-length", str(len(response.body)).encode()))
    body = b"" if scope["method"] == "HEAD" else response.body
    await send_response(send, (response.status, headers, body))
