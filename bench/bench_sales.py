"""`make bench-sales`: signed sales, booked and attributed, against a view that only verifies and inserts.

    python -m bench.bench_sales [--sales 8000] [--postgresql URL]

One process on the first core, the client on the last: with 16 connections at full rate and at half of it, and
with 32 connections. Every message is a new order, with the token of a click on one of 1,000 links, a customer
and two lines.
"""

import argparse
import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from bench import servers
from bench.bench_redirect import GTHREAD, cores, sync_times
from bench.hook_baseline import MESSAGES
from bench.load import SEPARATOR
from bench.measure import log
from bench.postgres import durable_postgres
from bench.servers import RunningServer
from bench.workload import SEED
from config.database import open_databases
from config.migrate import upgrade
from config.settings import Settings, load_settings
from tests.cast.shop import Shop, create_shop, envelope, sale
from tests.harness import ROOT
from tracker.clicks.token import make_token
from tracker.ids import new_id, new_uuid, uuid_of
from tracker.programs.models import Link
from tracker.sales.attribution.models import Attribution
from tracker.sales.integrations.standard import signed_headers

LINKS = 1_000
WARM_SALES = 2_000
CONNECTIONS, MANY_CONNECTIONS = 16, 32
SHARE_OF_FULL = 0.5
"""Response times are also measured at this share of the server's own full rate."""
_START = datetime(2025, 10, 1, 10, 0, tzinfo=UTC)


class SalesBench:
    """Measures both servers, one after the other, with one database and the same kind of messages."""

    def __init__(self, folder: Path, sales: int, settings: Settings) -> None:
        self._folder, self._sales, self._settings = folder, sales, settings
        self._core, self._client_core = cores()
        self._chance = random.Random(SEED)
        self._databases = open_databases(settings)
        upgrade(self._databases)
        self._shop = create_shop(settings, self._databases, coupon=None)
        self._links = self._make_links()
        MESSAGES.create(self._databases.main)
        self._number = 0

    def run(self, kind: str) -> dict[str, Any]:
        variables = {"BENCH_URL": self._settings.main_url, "BENCH_SECRET": self._shop.secret}
        baseline = servers.gunicorn("bench.hook_baseline:app()", self._core, *GTHREAD, **variables)
        found = {"baseline": self._measure(f"{kind}: verify and insert", baseline)}
        found["ours"] = self._measure(
            f"{kind}: booked and attributed", servers.web(self._settings, self._core)
        )
        found["ratio"] = round(found["ours"]["per_second"] / found["baseline"]["per_second"], 3)
        with self._databases.main.connect() as connection:
            found["attributed"] = connection.scalar(
                select(func.count()).select_from(Attribution).where(Attribution.click_id.is_not(None))
            )
        log(f"{kind}: ratio {found['ratio']}; {found['attributed']} sales are attributed to their click")
        self._databases.close()
        return found

    def _measure(self, name: str, server: AbstractContextManager[RunningServer]) -> dict[str, Any]:
        with server as running:
            self._load(running.port, WARM_SALES)
            full = self._load(running.port, self._sales)
            rate = full["per_second"] * SHARE_OF_FULL
            full["at_half"] = self._load(running.port, self._sales // 2, rate)
            full["crowded"] = self._load(running.port, self._sales // 2, connections=MANY_CONNECTIONS)
            full["resident_mb"] = running.resident_mb()
        half, crowded = full["at_half"], full["crowded"]
        log(
            f"{name:36} {full['per_second']:8.1f}/s   p50 {full['p50_ms']:7.2f}   p99 {full['p99_ms']:7.2f}"
            f"   at half: p50 {half['p50_ms']:7.2f}   p99 {half['p99_ms']:7.2f}   {full['answers']}"
            f"   {MANY_CONNECTIONS} connections: {crowded['per_second']:8.1f}/s"
            f"   p99 {crowded['p99_ms']:7.2f}"
        )
        return full

    def _load(
        self, port: int, sales: int, rate: float | None = None, connections: int = CONNECTIONS
    ) -> dict[str, Any]:
        """Messages are signed just before they are sent: a signature is valid for five minutes."""
        path = self._folder / "messages"
        path.write_bytes(SEPARATOR.join(self._message() for _ in range(sales)))
        command = [sys.executable, "-m", "bench.load", str(path), f"--port={port}", "--once"]
        command += ["--seconds=240", f"--connections={connections}"]
        command += [f"--rate={rate}"] if rate else []
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
        token = make_token(self._shop.keys, click_id, link_id, earns=True, confirmed=True)
        fields = {"order_id": order, "occurred_at": now.isoformat(), "customer": f"c{self._number}"}
        body = envelope("sale.created", sale(**fields, click=token, items=items), now.isoformat())
        headers = signed_headers(self._shop.secret, f"msg_{order}", now, body)
        head = [f"POST /hooks/{self._shop.source_id} HTTP/1.1", "Host: shop.example"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode() + body

    def _make_links(self) -> list[str]:
        ids = [new_id("lnk", _START) for _ in range(LINKS)]
        rows = [_link(self._shop, link_id) for link_id in ids]
        with self._databases.main.begin() as connection:
            connection.execute(insert(Link), rows)
        return ids


def _link(shop: Shop, link_id: str) -> dict[str, object]:
    return {
        "id": link_id,
        "enrollment_id": shop.enrollments["anna"],
        "code": link_id,
        "code_key": link_id,
        "destination": "https://shop.example/tea",
        "sub_ids": {},
        "state": "active",
        "created_at": _START,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the hook, on a quiet machine.")
    parser.add_argument("--sales", type=int, default=8_000)
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "var" / "bench", help="a folder on the disk to measure"
    )
    parser.add_argument("--postgresql", metavar="URL", help="an empty database; default: starts a server")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))  # so that the servers are stopped too
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as name, durable_postgres() as create_database:
        folder = Path(name)
        disk = sync_times(folder)
        log(f"fdatasync p50 {disk['p50_ms']} ms, p99 {disk['p99_ms']} ms; {time.ctime()}")
        found = {}
        own = create_database("bench") if create_database is not None and not options.postgresql else None
        for kind, url in (("SQLite", ""), ("PostgreSQL", options.postgresql or own)):
            settings = load_settings(home=folder / kind, database_url=url)
            found[kind] = SalesBench(folder, options.sales, settings).run(kind)
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "fdatasync": disk}
    path = options.folder / "sales.json"
    path.write_text(
        json.dumps({"machine": machine, "sales": options.sales, "results": found}, indent=2) + "\n"
    )
    log(f"All results are in {path}")


if __name__ == "__main__":
    main()
