"""What an ASGI server says of a request, as a visit. Pure."""

from collections.abc import MutableMapping
from typing import Any

from tracker.clicks.redirect import Visit
from tracker.clicks.visitor import HEADERS
from tracker.client import client_of, trusted_networks

Scope = MutableMapping[str, Any]

_PROXIES_WORDS = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto")


class ScopeReader:
    """Reads no more headers than somebody needs: with no trusted proxy, nobody needs what proxies say."""

    def __init__(self, trusted_proxies: str = "", country_header: str = "") -> None:
        """Both as in the settings."""
        self._trusted = trusted_networks(trusted_proxies)
        self._country_header = country_header.lower() if self._trusted else ""
        others = ["host", *(_PROXIES_WORDS if self._trusted else ())]
        if self._country_header and self._country_header not in HEADERS:
            others.append(self._country_header)
        self._visitors = {name.encode("ascii"): name for name in HEADERS}
        self._others = {name.encode("ascii"): name for name in others}

    def visit(self, scope: Scope, code: str) -> Visit:
        """The visit of the short link `code`. Every text has one character for each byte that came."""
        headers: dict[str, str] = {}
        others: dict[str, str] = {}
        for name, value in scope["headers"]:
            if name in self._visitors:
                _add(headers, self._visitors[name], value)
            elif name in self._others:
                _add(others, self._others[name], value)
        peer = scope.get("client")
        client = client_of(
            peer[0] if peer else "", scope["scheme"], others.get("host", ""), others.get, self._trusted
        )
        return Visit(
            method=scope["method"],
            code=code,
            headers=headers,
            query=scope["query_string"].decode("latin-1"),
            host=client.host,
            address=client.address,
            scheme=client.scheme,
            country=self._country(others, headers) if client.proxied else None,
        )

    def _country(self, others: dict[str, str], headers: dict[str, str]) -> str | None:
        name = self._country_header
        return others.get(name, headers.get(name)) if name else None


def _add(kept: dict[str, str], name: str, value: bytes) -> None:
    """A header that comes several times is one list, as HTTP has it."""
    text = value.decode("latin-1")
    kept[name] = f"{kept[name]},{text}" if name in kept else text
