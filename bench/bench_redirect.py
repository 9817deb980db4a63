"""`make bench`: the complete redirect compared with servers that do nothing, in one run on one machine.

    python -m bench.bench_redirect [--full] [--seconds 8] [--postgresql URL]
    python -m bench.bench_redirect --against FOLDER [--rounds 5]

Each server has one worker on the first core; the client has the last. The ratio compares requests per second
with those of the edge's own worker that answers a constant 302. The CPU time is that of all processes of the
server, for each request. `--against` compares with the edge of another checkout, see bench/against.py.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import servers
from bench.against import Comparison
from bench.load import SEPARATOR, percentile
from bench.measure import CONNECTIONS, WARM_S, log, measure
from bench.postgres import durable_postgres
from bench.servers import RunningServer
from bench.workload import LINKS, USER_AGENTS, cold_requests, make_links, requests, write_requests
from config.database import open_databases
from config.migrate import upgrade
from config.settings import Settings, load_settings
from tests.harness import ROOT

SYNCS = 300
BARE = "worker of the edge, bare 302"
TENTH = 10
FULL_CLICKS = 10_000_000
FULL_LINKS = 1_000_000
ASGI = ("--worker-class=asgi", "--workers=1", "--keep-alive=5")
GTHREAD = ("--worker-class=gthread", "--workers=1", "--threads=8", "--keep-alive=5")
Server = Callable[[], AbstractContextManager[RunningServer]]


@dataclass
class Bench:
    """The options and the results."""

    folder: Path
    seconds: float
    links: int
    server_core: int | None
    client_core: int | None
    stored_clicks: int = 0
    cold_links: int = 0
    requests: Path = Path()
    found: dict[str, dict[str, Any]] = field(default_factory=dict)

    def run(
        self,
        name: str,
        server: Server,
        *,
        warm_s: float = WARM_S,
        warm_times: int = 1,
        at_a_tenth: bool = False,
    ) -> None:
        with server() as running:
            first_after_s = running.first_response_s(self.requests.read_bytes().split(SEPARATOR, 1)[0])
            for _ in range(warm_times if warm_s else 0):
                self._load(running, warm_s, once=True)
            full = self._load(running, self.seconds)
            full["resident_mb"] = running.resident_mb()
            full["first_redirect_after_s"] = first_after_s
            if at_a_tenth:
                full["at_a_tenth"] = self._load(running, self.seconds, rate=full["per_second"] / TENTH)
        self.found[name] = full
        self._print(name, full)

    def bare_per_second(self) -> float:
        return float(self.found[BARE]["per_second"])

    def _load(
        self, running: RunningServer, seconds: float, rate: float | None = None, *, once: bool = False
    ) -> dict[str, Any]:
        return measure(running, self.requests, seconds, self.client_core, rate, once=once)

    def _print(self, name: str, full: dict[str, Any]) -> None:
        ratio = full["per_second"] / self.bare_per_second()
        full["ratio"] = round(ratio, 3)
        slow = full.get("at_a_tenth", {}).get("p99_ms")
        log(
            f"{name:42} {full['per_second']:9.0f}/s {ratio:6.2f}   {full['cpu_us']:6.1f} µs CPU   "
            f"p50 {full['p50_ms']:8.2f}   p99 {full['p99_ms']:8.2f}   "
            f"p99 at a tenth {slow if slow is not None else '-':>7}   "
            f"{full['resident_mb']:6.1f} MB   first after {full['first_redirect_after_s']:.2f} s   "
            f"{full['answers']}"
        )


def cores() -> tuple[int | None, int | None]:
    """One core for the server and one for the client; None where processes cannot be pinned."""
    if not hasattr(os, "sched_getaffinity") or shutil.which("taskset") is None:
        return None, None
    own = sorted(os.sched_getaffinity(0))
    return own[0], own[-1]


def sync_times(folder: Path) -> dict[str, float]:
    """How long one synced write takes on the disk, in milliseconds."""
    times = []
    sync = getattr(os, "fdatasync", os.fsync)
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            began = time.perf_counter()
            file.write(bytes(4096))
            sync(file.fileno())
            times.append(time.perf_counter() - began)
    times.sort()
    return {f"p{share}_ms": round(percentile(times, share / 100) * 1000, 3) for share in (50, 99)}


def prepare(settings: Settings, links: int, existing: int = 0) -> None:
    databases = open_databases(settings)
    upgrade(databases)
    make_links(databases, links, existing)
    databases.close()


def run_all(bench: Bench, postgresql: str | None) -> None:
    bench.requests = write_requests(bench.folder / "requests", list(requests(bench.links)))
    core = bench.server_core
    app = "bench.baselines:{}".format
    bench.run(BARE, lambda: servers.constant(core))
    bench.run(BARE, lambda: servers.constant(core), at_a_tenth=True)
    bench.run("gunicorn asgi, bare 302", lambda: servers.gunicorn(app("bare_asgi"), core, *ASGI))
    bench.run("gunicorn gthread, bare 302", lambda: servers.gunicorn(app("bare_wsgi"), core, *GTHREAD))
    if shutil.which("nginx"):
        bench.run("nginx, bare 302", lambda: servers.nginx(bench.folder, core))
    run_with("SQLite", "", bench)
    if postgresql is not None:
        run_with("PostgreSQL", postgresql, bench)


def run_with(kind: str, url: str, bench: Bench) -> None:
    """All measurements that depend on the database."""
    core = bench.server_core
    settings = load_settings(home=bench.folder / kind, database_url=url)
    log(f"making {bench.links} links in {kind} …")
    prepare(settings, bench.links)
    unbatched = "bench.baselines:one_insert_each"
    variables = {"BENCH_CLICKS_URL": settings.clicks_url}
    bench.run(
        f"gthread, one synced insert each, {kind}",
        lambda: servers.gunicorn(unbatched, core, *GTHREAD, **variables),
    )
    bench.run(f"edge, {kind}", lambda: servers.edge(settings, core), at_a_tenth=True)
    # Each of four workers gets a quarter of the requests, and each must cache every link.
    bench.run(f"edge, {kind}, 4 workers", lambda: servers.edge(settings, core, 4), warm_times=8)
    with servers.background_load("money", settings, bench.client_core):
        bench.run(f"edge, {kind}, beside money", lambda: servers.edge(settings, core), at_a_tenth=True)
    with ExitStack() as busy_processes:
        for _ in range(4):
            busy_processes.enter_context(servers.background_load("cpu", settings, core))
        bench.run(f"edge, {kind}, 4 burn its core", lambda: servers.edge(settings, core), at_a_tenth=True)
    if bench.stored_clicks:
        log(f"storing {bench.stored_clicks} clicks in {kind} …")
        servers.run_background_load("rows", settings, str(bench.stored_clicks))
        bench.run(f"edge, {kind}, clicks stored", lambda: servers.edge(settings, core))
    links = max(bench.links, bench.cold_links)
    if links > bench.links:
        log(f"making {links} links in {kind} …")
        prepare(settings, links, existing=bench.links)
    warm, bench.requests = bench.requests, write_requests(bench.folder / "cold", list(cold_requests(links)))
    bench.run(
        f"edge, {kind}, {links} links, none in memory", lambda: servers.edge(settings, core), warm_s=0.0
    )
    bench.requests = warm


def run_against(options: argparse.Namespace, bench: Bench) -> None:
    warm = [*cold_requests(bench.links), *requests(bench.links, 2 * USER_AGENTS)]
    comparison = Comparison(
        options.against.resolve(),
        bench.folder,
        write_requests(bench.folder / "requests", list(requests(bench.links))),
        write_requests(bench.folder / "warm", warm),
        bench.links,
        bench.seconds,
        options.rounds,
        bench.server_core,
        bench.client_core,
    )
    with durable_postgres() as create_database:
        summary = comparison.run(create_database)
    path = options.folder / "against.json"
    path.write_text(json.dumps({"medians": summary, "rounds": comparison.found}, indent=2) + "\n")
    log(f"All results are in {path}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the redirect, on a quiet machine.")
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--links", type=int, default=LINKS)
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "var" / "bench", help="a folder on the disk to measure"
    )
    parser.add_argument("--postgresql", metavar="URL", help="an empty database; default: starts a server")
    parser.add_argument(
        "--stored-clicks", type=int, default=0, help="also measure with this many stored clicks"
    )
    parser.add_argument("--cold-links", type=int, default=0, help="number of links when none is cached")
    parser.add_argument(
        "--full", action="store_true", help=f"{FULL_CLICKS} stored clicks, {FULL_LINKS} cold links"
    )
    parser.add_argument(
        "--against",
        type=Path,
        metavar="FOLDER",
        help="compare with the edge of this checkout",
    )
    parser.add_argument("--rounds", type=int, default=5, help="with --against; each measures both, in turn")
    options = parser.parse_args()
    if options.full:
        options.stored_clicks = options.stored_clicks or FULL_CLICKS
        options.cold_links = options.cold_links or FULL_LINKS
    return options


def main() -> None:
    options = arguments()
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))  # so that the servers are stopped too
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        bench = Bench(
            Path(folder), options.seconds, options.links, *cores(), options.stored_clicks, options.cold_links
        )
        disk = sync_times(bench.folder)
        log(f"fdatasync p50 {disk['p50_ms']} ms, p99 {disk['p99_ms']} ms")
        log(f"server on core {bench.server_core}, client on core {bench.client_core}")
        if options.against is not None:
            run_against(options, bench)
            return
        if options.postgresql:
            run_all(bench, options.postgresql)
        else:
            with durable_postgres() as create_database:
                run_all(bench, create_database("bench") if create_database is not None else None)
    result = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "fdatasync": disk},
        "server_core": bench.server_core,
        "client_core": bench.client_core,
        "connections": CONNECTIONS,
        "links": bench.links,
        "results": bench.found,
    }
    path = options.folder / "redirect.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    log(f"All results are in {path}")


if __name__ == "__main__":
    main()
