"""Converts a request at the edge to a visit. Pure."""

from config.edge.application import Request
from tracker.clicks.counting.visitor import HEADERS
from tracker.clicks.redirect.request import Visit
from tracker.http.client import Client, client_of, trusted_networks

_HOST = b"host"


class VisitReader:
    """Reads only the fields that are needed: those of proxies only if there are trusted proxies."""

    def __init__(self, trusted_proxies: str = "", country_header: str = "") -> None:
        """`trusted_proxies` and `country_header` as in the settings."""
        self._trusted = trusted_networks(trusted_proxies)
        self._country_field = country_header.lower().encode("ascii") if self._trusted else b""
        self._read = [(name.encode("ascii"), name) for name in HEADERS]

    def visit(self, request: Request, code: str) -> Visit:
        """The visit of the short link `code`. Every string has one character for each byte of the request."""
        fields = request.fields
        headers = {
            name: fields[field].decode("latin-1").rstrip(" \t")
            for field, name in self._read
            if field in fields
        }
        client = self._client(request)
        return Visit(
            request.method,
            code,
            headers,
            query=request.query,
            host=client.host,
            address=client.address,
            scheme=client.scheme,
            country=_text(request, self._country_field) if client.proxied and self._country_field else None,
        )

    def _client(self, request: Request) -> Client:
        host = _text(request, _HOST) or ""
        return client_of(
            request.peer, "http", host, lambda name: _text(request, name.encode("ascii")), self._trusted
        )


def _text(request: Request, field: bytes) -> str | None:
    value = request.fields.get(field)
    return None if value is None else value.decode("latin-1").rstrip(" \t")
