"""The sandbox over real HTTP, the rail that calls it, and a server whose response a test chooses."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest

from payouts.transfers.sandbox.server import SANDBOX_KEY, SandboxServer
from payouts.transfers.stripe.client import StripeRail, transfer_parameters
from tests.payouts.transfers.sandbox.plain_http import Reply, http


@dataclass
class FixedResponseServer:
    """A server that returns the same response to every request and records the requests."""

    status: int = 200
    body: str = "{}"
    headers: dict[str, str] = field(default_factory=dict)
    received: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    def respond_with(self, status: int, body: Any, **headers: str) -> Self:
        self.status = status
        self.body = body if isinstance(body, str) else json.dumps(body)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return self


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxServer]:
    with SandboxServer(tmp_path / "sandbox.db") as server:
        yield server


@pytest.fixture
def rail(sandbox: SandboxServer) -> StripeRail:
    return StripeRail(SANDBOX_KEY, sandbox.url)


@pytest.fixture
def anna(rail: StripeRail, sandbox: SandboxServer) -> str:
    """The account of a creator who can be paid; the platform has a balance of 1,000 EUR."""
    account_ref = rail.create_payee("crt_anna", "anna@shop.example", "DE", "Anna")
    sandbox.control.complete_onboarding(account_ref)
    sandbox.control.top_up("EUR", 100_000)
    return account_ref


@pytest.fixture
def parameters(anna: str) -> Callable[..., dict[str, Any]]:
    def build(amount_minor: int = 7_000, payout_id: str = "pay_1", **more: Any) -> dict[str, Any]:
        given: dict[str, Any] = {
            "attempt": 1,
            "currency": "EUR",
            "account_ref": anna,
            "description": "October",
        }
        return transfer_parameters(amount_minor=amount_minor, payout_id=payout_id, **{**given, **more})

    return build


@pytest.fixture
def ask(sandbox: SandboxServer) -> Callable[..., Reply]:
    """Plain HTTP to the sandbox, without the SDK."""

    def send(method: str, path: str, **options: Any) -> Reply:
        return http(sandbox.url, method, path, **options)

    return send


@pytest.fixture
def fixed_server() -> Iterator[FixedResponseServer]:
    state = FixedResponseServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            state.received.append((self.path, dict(self.headers.items()), body))
            self.send_response(state.status)
            for name, value in {"Content-Type": "application/json", **state.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(state.body.encode())))
            self.end_headers()
            self.wfile.write(state.body.encode())

        do_GET = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def post_transfer(ask: Callable[..., Reply], anna: str) -> Callable[..., Reply]:
    """POST /v1/transfers without the SDK; by default 70 EUR to Anna."""

    def send(key: str | None = None, **form: Any) -> Reply:
        given = {"amount": 7_000, "currency": "eur", "destination": anna, **form}
        return ask("POST", "/v1/transfers", form=given, key=key)

    return send
