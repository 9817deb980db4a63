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
import signal
import sys
import tempfile
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bench import servers
from bench.bench_redirect import GTHREAD, cores, sync_times
from bench.hook_baseline import MESSAGES
from bench.hook_load import HookLoad
from bench.measure import log
from bench.postgres import durable_postgres
from bench.servers import RunningServer
from config.database import open_databases
from config.migrate import upgrade
from config.settings import Settings, load_settings
from tests.harness import ROOT
from tracker.sales.attribution.models import Attribution

WARM_SALES = 2_000
MANY_CONNECTIONS = 32
SHARE_OF_FULL = 0.5
"""Response times are also measured at this share of the server's own full rate."""


class SalesBench:
    """Measures both servers, one after the other, with one database and the same kind of messages."""

    def __init__(self, folder: Path, sales: int, settings: Settings) -> None:
        self._sales, self._settings = sales, settings
        self._core, client_core = cores()
        self._databases = open_databases(settings)
        upgrade(self._databases)
        self._load = HookLoad(folder, settings, self._databases, client_core)
        MESSAGES.create(self._databases.main)

    def run(self, kind: str) -> dict[str, Any]:
        variables = {"BENCH_URL": self._settings.main_url, "BENCH_SECRET": self._load.shop.secret}
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
            self._load.send(running.port, WARM_SALES)
            full = self._load.send(running.port, self._sales)
            rate = full["per_second"] * SHARE_OF_FULL
            full["at_half"] = self._load.send(running.port, self._sales // 2, rate)
            full["crowded"] = self._load.send(running.port, self._sales // 2, connections=MANY_CONNECTIONS)
            full["resident_mb"] = running.resident_mb()
        half, crowded = full["at_half"], full["crowded"]
        log(
            f"{name:36} {full['per_second']:8.1f}/s   p50 {full['p50_ms']:7.2f}   p99 {full['p99_ms']:7.2f}"
            f"   at half: p50 {half['p50_ms']:7.2f}   p99 {half['p99_ms']:7.2f}   {full['answers']}"
            f"   {MANY_CONNECTIONS} connections: {crowded['per_second']:8.1f}/s"
            f"   p99 {crowded['p99_ms']:7.2f}"
        )
        return full


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
