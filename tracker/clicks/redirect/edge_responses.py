"""Responses of the edge: a redirect is only headers, everything else a page that loads nothing."""

import json
from http import HTTPStatus

from config.edge.application import Header, Request, Response, make_response, status_line
from tracker.clicks.redirect.request import NO_STORE, RETRY_AFTER_S
from tracker.clicks.redirect.shop_script import CROSS_ORIGIN_HEADERS, HEADERS_READ, PATH, script_response
from tracker.clicks.redirect.shoppers_page import shoppers_page
from tracker.clicks.redirect.shown_brands import ShownBrand
from tracker.language.negotiation import best_language

_SCRIPT_FIELDS = {name: name.encode("ascii") for name in HEADERS_READ}


def _encoded(headers: dict[str, str]) -> list[Header]:
    return [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in headers.items()]


_NO_STORE = _encoded(NO_STORE)
_CROSS_ORIGIN_HEADERS = _encoded(CROSS_ORIGIN_HEADERS)


_ALLOWED = {PATH: b"GET, HEAD, POST"}
_RETRY_AFTER: dict[int, Header] = {503: (b"retry-after", str(RETRY_AFTER_S).encode())}


_REDIRECT_START = status_line(HTTPStatus.FOUND) + b"location: "
_REDIRECT_END = b"\r\n" + make_response(HTTPStatus.FOUND, _NO_STORE).head.partition(b"\r\n")[2]


def redirect_response(location: str) -> Response:
    """Raises ValueError for an address that would break the header; no stored destination does."""
    if not location.isprintable():
        raise ValueError("an address with control characters")
    return Response(_REDIRECT_START + location.encode("ascii") + _REDIRECT_END)


def asked_language(request: Request) -> str:
    """The language of a page for this shopper. It is not stored."""
    return best_language(request.fields.get(b"accept-language", b"").decode("latin-1"))


def page_response(status: int, language: str, brand: ShownBrand | None = None, *more: Header) -> Response:
    """The page of tracker.clicks.redirect.shoppers_page for this status."""
    page = shoppers_page(status, language, brand)
    headers: list[Header] = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", page.policy.encode("ascii")),
        *_NO_STORE,
        *more,
    ]
    headers += [_RETRY_AFTER[status]] if status in _RETRY_AFTER else []
    return make_response(HTTPStatus(status), headers, page.body)


def not_allowed(path: str, language: str) -> Response:
    """405 with the methods that this path has."""
    return page_response(405, language, None, (b"allow", _ALLOWED.get(path, b"GET, HEAD")))


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
