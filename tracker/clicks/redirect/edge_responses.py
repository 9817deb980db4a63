"""Responses of the edge: a redirect is only headers, everything else a short page that loads nothing."""

import json
from http import HTTPStatus

from config.edge.application import Header, Request, Response, make_response, status_line
from tracker.clicks.redirect.request import NO_STORE, RETRY_AFTER_S, RedirectResult
from tracker.clicks.redirect.shop_script import CROSS_ORIGIN_HEADERS, HEADERS_READ, PATH, script_response

_PAGE_TEMPLATE = (
    '<!doctype html><html lang="en"><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>{title}</title>'
    "<h1>{title}</h1><p>{message}</p></html>"
)
_TEXTS = {
    HTTPStatus.NOT_FOUND: (
        "This link leads nowhere",
        "It may be mistyped or no longer in use. Please ask the person who shared it.",
    ),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        "This address only serves links",
        "Please open the link in a browser.",
    ),
    HTTPStatus.GONE: (
        "This link has ended",
        "The offer has ended. Please ask the person who shared the link for a new one.",
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "Please try again",
        "The link could not be looked up. Please try again in a few seconds.",
    ),
}
_PAGE_HEADERS: list[Header] = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]
_SCRIPT_FIELDS = {name: name.encode("ascii") for name in HEADERS_READ}


def _encoded(headers: dict[str, str]) -> list[Header]:
    return [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in headers.items()]


_NO_STORE = _encoded(NO_STORE)
_CROSS_ORIGIN_HEADERS = _encoded(CROSS_ORIGIN_HEADERS)


def _page(status: HTTPStatus, *more: Header) -> Response:
    title, message = _TEXTS[status]
    body = _PAGE_TEMPLATE.format(title=title, message=message).encode()
    return make_response(status, [*_PAGE_HEADERS, *_NO_STORE, *more], body)


NOT_FOUND = _page(HTTPStatus.NOT_FOUND)
_ALLOWED = {PATH: b"GET, HEAD, POST"}
_NOT_ALLOWED = {
    allowed: _page(HTTPStatus.METHOD_NOT_ALLOWED, (b"allow", allowed))
    for allowed in (b"GET, HEAD", *_ALLOWED.values())
}
_PAGES = {
    404: NOT_FOUND,
    410: _page(HTTPStatus.GONE),
    503: _page(HTTPStatus.SERVICE_UNAVAILABLE, (b"retry-after", str(RETRY_AFTER_S).encode())),
}
_REDIRECT_START = status_line(HTTPStatus.FOUND) + b"location: "
_REDIRECT_END = b"\r\n" + make_response(HTTPStatus.FOUND, _NO_STORE).head.partition(b"\r\n")[2]


def result_response(result: RedirectResult) -> Response:
    """Raises ValueError for an address that would break the header; no stored destination does."""
    if result.location is None:
        return _PAGES[result.status]
    if not result.location.isprintable():
        raise ValueError("an address with control characters")
    return Response(_REDIRECT_START + result.location.encode("ascii") + _REDIRECT_END)


def not_allowed(path: str) -> Response:
    """405 with the methods that this path has."""
    return _NOT_ALLOWED[_ALLOWED.get(path, b"GET, HEAD")]


def json_response(status: HTTPStatus, value: dict[str, str]) -> Response:
    return make_response(
        status, [(b"content-type", b"application/json"), *_NO_STORE], json.dumps(value).encode()
    )


def acknowledgement(status: HTTPStatus) -> Response:
    """For the shop script, which reads at most the status."""
    return make_response(status, [*_NO_STORE, *_CROSS_ORIGIN_HEADERS])


def shop_script(request: Request) -> Response:
    """`/ll.js`, the same response as that of tracker.clicks.redirect.pages."""
    found = script_response(
        {
            name: request.fields[field].decode("latin-1")
            for name, field in _SCRIPT_FIELDS.items()
            if field in request.fields
        }
    )
    return make_response(found.status, _encoded(dict(found.headers)), found.body)
