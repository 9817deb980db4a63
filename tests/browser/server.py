"""A small web server on loopback that acts as a shop: pages with ll.js under a strict policy, and forms."""

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
const on = (name, work) => { const found = document.getElementById(name); if (found) found.onclick = work; };
on('yes', () => ll.consent(true));
on('no', () => ll.consent(false));
"""
LAYOUT = "<script src='{script}' {options}></script>{body}"
THEME = "window.Shopify = { shop: 'teas.myshopify.example' };"


@dataclass(frozen=True)
class ShopRequest:
    """`fields` are the query's or, of a post, the form's; `cart` is who the shop's own cookie says it is."""

    path: str
    fields: Fields
    cart: str


@dataclass(frozen=True)
class ShopResponse:
    """What stands in the page beside the scripts; or `location`, to go there."""

    body: str = ""
    location: str = ""


Answer = Callable[[ShopRequest], ShopResponse]


@dataclass
class Storefront:
    """`pages` and `posts` by path. Requests that the shop's server saw are in `seen`."""

    script_url: str
    pages: dict[str, Answer] = field(default_factory=dict)
    posts: dict[str, Answer] = field(default_factory=dict)
    options: str = ""
    """Attributes of the script's tag."""
    layout: str = LAYOUT
    seen: list[str] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def show(self, path: str, body: str) -> str:
        """Let there be a page of that body. Its address."""
        self.pages[path] = lambda _asked: ShopResponse(body)
        return self.url + path

    def document(self, body: str) -> bytes:
        inside = self.layout.format(script=self.script_url, options=self.options, body=body)
        choice = "<button id=yes>Remember me</button><button id=no>Forget me</button>"
        return f"<!doctype html><title>Shop</title>{inside}{choice}<script src=/own.js></script>".encode()

    def policy(self) -> str:
        """Nothing inline, nothing evaluated, nobody else."""
        theirs = self.script_url.removesuffix("/ll.js")
        return (
            f"default-src 'none'; script-src 'self' {theirs}; connect-src 'self' {theirs}; "
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
            self._answer(self.front.pages, dict(parse_qsl(urlsplit(self.path).query)))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self._answer(self.front.posts, dict(parse_qsl(body, keep_blank_values=True)))

    def _answer(self, answers: Mapping[str, Answer], fields: Fields) -> None:
        path = urlsplit(self.path).path
        self.front.seen.append(f"{self.command} {self.path}")
        cookies = SimpleCookie(self.headers.get("Cookie", ""))
        cart = cookies["cart"].value if "cart" in cookies else ""
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": self.front.policy()}
        headers["Cross-Origin-Embedder-Policy"] = "require-corp"
        if self.command == "POST" and not cart:
            cart = next(self.carts)
            headers["Set-Cookie"] = f"cart={cart}; Path=/; HttpOnly"
        try:
            reply = answers[path](ShopRequest(path, fields, cart))
        except KeyError:
            self._send(404, b"", headers)
        except Exception as error:
            self.front.faults.append(error)
            self._send(500, b"", headers)
        else:
            if reply.location:
                headers["Location"] = reply.location
            self._send(303 if reply.location else 200, self.front.document(reply.body), headers)

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Says nothing."""
