"""Converts an ASGI scope to a visit. Pure."""

from collections.abc import MutableMapping
from typing import Any

from tracker.clicks.counting.visitor import HEADERS
from tracker.clicks.redirect.request import Visit
from tracker.http.client import client_of, trusted_networks

Scope = MutableMapping[str, Any]

_FORWARDED_HEADERS = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto")


class ScopeReader:
    """Reads only the headers that are needed: those of proxies only if there are trusted proxies."""

    def __init__(self, trusted_proxies: str = "", country_header: str = "") -> None:
        """`trusted_proxies` and `country_header` as in the settings."""
        self._trusted = trusted_networks(trusted_proxies)
        self._country_header = country_header.lower() if self._trusted else ""
        others = ["host", *(_FORWARDED_HEADERS if self._trusted else ())]
        if self._country_header and self._country_header not in HEADERS:
            others.append(self._country_header)
        self._read = {name.encode("ascii"): name for name in (*HEADERS, *others)}
        self._others = others

    def visit(self, scope: Scope, code: str) -> Visit:
        """The visit of the short link `code`. Every string has one character for each byte of the request."""
        headers: dict[str, str] = {}
        for raw, value in scope["headers"]:
            name = self._read.get(raw)
            if name is not None:
                decoded = value.decode("latin-1")
                # A repeated header is one list (RFC 9110, 5.3).
                headers[name] = f"{headers[name]},{decoded}" if name in headers else decoded
        others = {name: headers.pop(name) for name in self._others if name in headers}
        peer = scope.get("client")
        client = client_of(
            peer[0] if peer else "", scope["scheme"], others.get("host", ""), others.get, self._trusted
        )
        return Visit(
            scope["method"],
            code,
            headers,
            query=scope["query_string"].decode("latin-1"),
            host=client.host,
            address=client.address,
            scheme=client.scheme,
            country=self._country(others, headers) if client.proxied else None,
        )

    def _country(self, others: dict[str, str], headers: dict[str, str]) -> str | None:
        name = self._country_header
        return others.get(name, headers.get(name)) if name else None
