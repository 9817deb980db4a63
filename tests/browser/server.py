"""A small web server on loopback that acts as a shop: forms, and pages with ll.js and a strict policy."""

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Fields = dict[str, str]
POLL_S = 0.02
OWN_SCRIPT = """
const on = (id, work) => { const found = document.getElementById(id); if (found) found.onclick = work; };
on('yes', () => ll.consent(true));
on('no', () => ll.consent(false));
"""
LAYOUT = "<script src='{script}' {options}></script>{body}"
THEME = "window.Shopify = { shop: 'teas.myshopify.example' };"


@dataclass(frozen=True)
class ShopRequest:
    """`fields` are those of the query or, for a POST, of the form; `cart` is the shop's cookie."""

    path: str
    fields: Fields
    cart: str


@dataclass(frozen=True)
class ShopResponse:
    """The content of the page besides the scripts, or a redirect to `location`."""

    body: str = ""
    location: str = ""


HandleRequest = Callable[[ShopRequest], ShopResponse]


@dataclass
class Storefront:
    """`pages` and `posts` are request handlers by path. `errors` are those that a handler raised."""

    script_url: str
    pages: dict[str, HandleRequest] = field(default_factory=dict)
    posts: dict[str, HandleRequest] = field(default_factory=dict)
    options: str = ""
    """Attributes of the script's tag."""
    layout: str = LAYOUT
    errors: list[Exception] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def show(self, path: str, body: str) -> str:
        """Add a page with this body. Returns its address."""
        self.pages[path] = lambda _request: ShopResponse(body)
        return self.url + path

    def document(self, body: str) -> bytes:
        content = self.layout.format(script=self.script_url, options=self.options, body=body)
        choice = "<button id=yes>Remember me</button><button id=no>Forget me</button>"
        return f"<!doctype html><title>Shop</title>{content}{choice}<script src=/own.js></script>".encode()

    def policy(self) -> str:
        """No inline code, no eval, no third-party host except that of the script."""
        link_url = self.script_url.removesuffix("/ll.js")
        return (
            f"default-src 'none'; script-src 'self' {link_url}; connect-src 'self' {link_url}; "
            "form-action 'self'; base-uri 'self'; require-trusted-types-for 'script'"
        )


@contextmanager
def open_storefront(front: Storefront) -> Iterator[Storefront]:
    carts = (f"cart-{number}" for number in itertools.count(1))
    handler = type("Handler", (_Handler,), {"front": front, "carts": carts})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    front.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(POLL_S,), daemon=True)
    thread.start()
    yield front
    server.shutdown()
    thread.join()
    server.server_close()


class _Handler(BaseHTTPRequestHandler):
    front: Storefront
    carts: Iterator[str]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        scripts = {"/own.js": OWN_SCRIPT, "/theme.js": THEME}
        path = urlsplit(self.path).path
        if path in scripts:
            self._send(200, scripts[path].encode(), {"Content-Type": "text/javascript"})
        else:
            self._respond(self.front.pages, dict(parse_qsl(urlsplit(self.path).query)))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self._respond(self.front.posts, dict(parse_qsl(body, keep_blank_values=True)))

    def _respond(self, handlers: Mapping[str, HandleRequest], fields: Fields) -> None:
        path = urlsplit(self.path).path
        cookies = SimpleCookie(self.headers.get("Cookie", ""))
        cart = cookies["cart"].value if "cart" in cookies else ""
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": self.front.policy()}
        headers["Cross-Origin-Embedder-Policy"] = "require-corp"
        if self.command == "POST" and not cart:
            cart = next(self.carts)
            headers["Set-Cookie"] = f"cart={cart}; Path=/; HttpOnly"
        try:
            response = handlers[path](ShopRequest(path, fields, cart))
        except KeyError:
            self._send(404, b"", headers)
        except Exception as error:
            self.front.errors.append(error)
            self._send(500, b"", headers)
        else:
            if response.location:
                headers["Location"] = response.location
            self._send(303 if response.location else 200, self.front.document(response.body), headers)

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Do not log requests."""
