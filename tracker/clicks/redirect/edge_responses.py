"""What the edge says: a redirect is all headers, everything else a short page without anything to load."""

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
"""Status, headers and body of an answer."""

BODY_DEADLINE_S = 5.0
_NO_STORE: Headers = [(name.lower().encode(), value.encode()) for name, value in NO_STORE.items()]
_NO_BODY: Headers = [(b"content-length", b"0"), *_NO_STORE]
_PAGE_TEMPLATE = (
    '<!doctype html><html lang="en"><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>{title}</title>'
    "<h1>{title}</h1><p>{text}</p></html>"
)
_PAGES = {
    404: _PAGE_TEMPLATE.format(
        title="This link leads nowhere",
        text="It may have been mistyped, or it is no longer in use. Please ask whoever gave it to you.",
    ).encode(),
    405: _PAGE_TEMPLATE.format(
        title="This is only for following links", text="Please open it in a browser."
    ).encode(),
    410: _PAGE_TEMPLATE.format(
        title="This link has ended",
        text="It led to an offer that is over. Ask the person who shared it for a new one.",
    ).encode(),
    503: _PAGE_TEMPLATE.format(
        title="Please try again", text="The link could not be looked up. Please try again in a few seconds."
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
    """Raises ValueError for what would break the answer's head; no destination that we keep does."""
    if not location.isprintable():
        raise ValueError("an address with control characters")
    return HTTPStatus.FOUND, [(b"location", location.encode("ascii")), *_NO_BODY], b""


def page(status: int, more: Headers | None = None) -> Response:
    """The page of the status."""
    body = _PAGES[status]
    headers = [*_PAGE_HEADERS, *_NO_STORE, (b"content-length", str(len(body)).encode()), *(more or [])]
    if status == 503:
        headers.append((b"retry-after", str(RETRY_AFTER_S).encode()))
    return status, headers, body


async def send_response(send: Send, answer: Response) -> None:
    status, headers, body = answer
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def send_json(send: Send, status: int, value: dict[str, str]) -> None:
    """As JSON, for programs."""
    body = json.dumps(value).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *_NO_STORE,
    ]
    await send_response(send, (status, headers, body))


async def send_acknowledgement(send: Send, status: int) -> None:
    """To the shop's script, which reads no more than the status, if that."""
    headers = [*_NO_STORE, *_CROSS_ORIGIN_HEADERS]
    if status != 204:
        headers.append((b"content-length", b"0"))
    await send_response(send, (status, headers, b""))


async def read_body(receive: Receive, most: int) -> bytes:
    """Read a body up to `most` bytes plus one chunk. Raises TimeoutError."""
    body = b""
    async with asyncio.timeout(BODY_DEADLINE_S):
        while len(body) <= most:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
    return body


async def send_script(scope: Scope, send: Send) -> None:
    """`/ll.js`, as tracker.clicks.redirect.pages gives it."""
    request_headers = {
        _SCRIPT_REQUEST_HEADERS[name]: value.decode("latin-1")
        for name, value in scope["headers"]
        if name in _SCRIPT_REQUEST_HEADERS
    }
    answer = script_response(request_headers)
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    if answer.status == 200:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    body = b"" if scope["method"] == "HEAD" else answer.body
    await send_response(send, (answer.status, headers, body))
