"""Who the client is when a proxy stands before us: its word counts only when it is one that we named."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class TrustedProxies:
    """Believes X-Forwarded-For, -Proto and -Host of the named addresses or networks, and of nobody else."""

    def __init__(self, app: "WSGIApplication", trusted: str) -> None:
        self._app = app
        self._fixed = ProxyFix(app, x_for=1, x_proto=1, x_host=1)
        self._networks = [ip_network(each.strip()) for each in trusted.split(",") if each.strip()]

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        chosen = self._fixed if self._believes(environ.get("REMOTE_ADDR", "")) else self._app
        return chosen(environ, start_response)

    def _believes(self, address: str) -> bool:
        try:
            peer = ip_address(address)
        except ValueError:
            return False  # a Unix socket, or nonsense
        return any(peer in network for network in self._networks)
