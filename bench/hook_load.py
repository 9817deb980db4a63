"""Signed sales for the webhook: each message is a new order of a prepared shop, sent by bench.load."""

import json
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from bench.load import SEPARATOR
from bench.workload import SEED
from config.database import Databases
from config.settings import Settings
from tests.cast.shop import Shop, create_shop, envelope, sale
from tests.harness import ROOT
from tracker.clicks.token import make_token
from tracker.ids import new_id, new_uuid, uuid_of
from tracker.programs.models import Link
from tracker.sales.integrations.standard import signed_headers

LINKS = 1_000
CONNECTIONS = 16
_START = datetime(2025, 10, 1, 10, 0, tzinfo=UTC)


class HookLoad:
    """A shop with links, and its messages: a token of a click on one of the links, a customer, two lines."""

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        databases: Databases,
        client_core: int | None = None,
        *,
        shop: Shop | None = None,
    ) -> None:
        """`shop`: one that exists, with an enrollment; by default a new one is created."""
        self._folder, self._client_core = folder, client_core
        self._chance = random.Random(SEED)
        self.shop = shop or create_shop(settings, databases, coupon=None)
        self._enrollment_id = next(iter(self.shop.enrollments.values()))
        self._links = [new_id("lnk", _START) for _ in range(LINKS)]
        with databases.main.begin() as connection:
            connection.execute(insert(Link), [_link(self._enrollment_id, link_id) for link_id in self._links])
        self._number = 0

    def send(
        self,
        port: int,
        sales: int,
        rate: float | None = None,
        connections: int = CONNECTIONS,
        *,
        listed: bool = False,
    ) -> dict[str, Any]:
        """Send that many sales and return what bench.load measured.

        `rate`: per second; None: as fast as the server responds. `listed`: with all response times. Messages
        are signed just before: a signature is valid for five minutes.
        """
        path = self._folder / "messages"
        path.write_bytes(SEPARATOR.join(self._message() for _ in range(sales)))
        command = [sys.executable, "-m", "bench.load", str(path), f"--port={port}", "--once"]
        command += ["--seconds=240", f"--connections={connections}"]
        command += [f"--rate={rate}"] if rate else []
        command += ["--times"] if listed else []
        command += [f"--core={self._client_core}"] if self._client_core is not None else []
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def _message(self) -> bytes:
        self._number += 1
        now = datetime.now(UTC)
        order = f"bench-{self._number}"
        items = [{"sku": "A1", "quantity": 1, "net": 4500}, {"sku": "B2", "quantity": 2, "net": 5000}]
        click_id = new_uuid(now - timedelta(minutes=self._chance.randint(1, 40_000)))
        link_id = uuid_of(self._chance.choice(self._links), "lnk")
        token = make_token(self.shop.keys, click_id, link_id, earns=True, confirmed=True)
        fields = {"order_id": order, "occurred_at": now.isoformat(), "customer": f"c{self._number}"}
        body = envelope("sale.created", sale(**fields, click=token, items=items), now.isoformat())
        headers = signed_headers(self.shop.secret, f"msg_{order}", now, body)
        head = [f"POST /hooks/{self.shop.source_id} HTTP/1.1", "Host: shop.example"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode() + body


def _link(enrollment_id: str, link_id: str) -> dict[str, object]:
    return {
        "id": link_id,
        "enrollment_id": enrollment_id,
        "code": link_id,
        "code_key": link_id,
        "destination": "https://shop.example/tea",
        "sub_ids": {},
        "state": "active",
        "created_at": _START,
    }
