"""WSGI middleware around tracker.http.client: views see the client instead of the proxy."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tracker.http.client import client_of, is_direct_loopback, trusted_networks

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PROXIED = "linkledger.proxied"
DIRECT_LOOPBACK = "linkledger.direct_loopback"


class TrustedProxies:
    """Trusts X-Forwarded-For, -Proto and -Host from the given addresses and networks only."""

    def __init__(self, app: "WSGIApplication", trusted: str) -> None:
        self._app = app
        self._networks = trusted_networks(trusted)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def header(name: str) -> str | None:
            value = environ.get("HTTP_" + name.upper().replace("-", "_"))
            return value if isinstance(value, str) else None

        peer, host = environ.get("REMOTE_ADDR", ""), environ.get("HTTP_HOST", "")
        client = client_of(peer, environ["wsgi.url_scheme"], host, header, self._networks)
        environ[DIRECT_LOOPBACK] = is_direct_loopback(peer, header)
        environ[PROXIED] = client.proxied
        if client.proxied:
            environ["REMOTE_ADDR"] = client.address
            environ["wsgi.url_scheme"] = client.scheme
            environ["HTTP_HOST"] = client.host
        return self._app(environ, start_response)
