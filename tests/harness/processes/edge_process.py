"""The edge as real processes, which a test may kill, and threads that follow a link continuously."""

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from config.database import open_databases
from config.settings import Settings
from payouts.processes.supervisor import child_environment
from tests.harness import ROOT
from tests.harness.processes.children import children_of
from tests.harness.processes.server import free_port
from tests.tracker.clicks.visitors import PEOPLE
from tracker.clicks.models import Click
from tracker.clicks.token import read_token

SPOOL_MB = 1
READY_WITHIN_S = 60.0
ENDS_WITHIN_S = 20.0
HAPPENS_WITHIN_S = 60.0
BROWSER = PEOPLE["Safari on iPhone"][0]
_TOKEN = re.compile(r"[?&]ll=([A-Za-z0-9_-]{87})")


@dataclass(frozen=True)
class EdgeProcess:
    """gunicorn with config/edge_gunicorn.py, in its own process group."""

    port: int
    process: subprocess.Popen[bytes]

    def workers(self) -> list[int]:
        return children_of(self.process.pid)

    def kill_group(self) -> None:
        """Kill all processes, like a power cut that does not affect the disk."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(ENDS_WITHIN_S)

    def tell(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


@contextmanager
def running_edge(
    settings: Settings, *options: str, workers: int = 2, port: int | None = None, wrapper: Sequence[str] = ()
) -> Iterator[EdgeProcess]:
    """An edge that is ready for requests; it is stopped at the end unless the test has killed it.

    `options` are gunicorn's; `wrapper` is a command that runs another command, such as strace.
    """
    port = port or free_port()
    own = settings.model_copy(
        update={"edge_bind": f"127.0.0.1:{port}", "workers": workers, "spool_mb": SPOOL_MB}
    )
    gunicorn_file = str(ROOT / "config" / "edge_gunicorn.py")
    command = [*wrapper, sys.executable, "-m", "gunicorn", "--config", gunicorn_file]
    process = subprocess.Popen(
        [*command, *options], env=child_environment(own), cwd=ROOT, start_new_session=True
    )
    edge = EdgeProcess(port, process)
    try:
        wait_until(lambda: process.poll() is not None or is_answering(port), READY_WITHIN_S)
        assert process.poll() is None, "the edge ended during its start"
        yield edge
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                edge.kill_group()
                raise


def is_answering(port: int, path: str = "/readyz") -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", path, headers={"User-Agent": BROWSER})
        return connection.getresponse().status in (200, 302)
    except (OSError, http.client.HTTPException):
        return False


def wait_until(condition: Callable[[], bool], within_s: float = HAPPENS_WITHIN_S) -> None:
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@dataclass
class Shoppers:
    """Threads that follow one link continuously on keep-alive connections and record the results.

    After an error on a reused connection, the next request uses a new one; that counts as `retried`. An error
    on a new connection is recorded in `failed`.
    """

    port: int
    settings: Settings
    number: int = 8
    path: str = "/anna"
    clicks: list[UUID] = field(default_factory=list)
    without_token: int = 0
    retried: int = 0
    failed: list[str] = field(default_factory=list)
    _stop_event: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Shoppers":
        self._threads = [threading.Thread(target=self._shop, daemon=True) for _ in range(self.number)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._stop_event.set()
        for thread in self._threads:
            thread.join(ENDS_WITHIN_S)

    def wait_for_more(self, number: int, within_s: float = HAPPENS_WITHIN_S) -> None:
        wanted = len(self.clicks) + number
        wait_until(lambda: len(self.clicks) >= wanted, within_s)

    def _shop(self) -> None:
        connection: http.client.HTTPConnection | None = None
        while not self._stop_event.is_set():
            reused, connection = connection is not None, connection or self._connect()
            try:
                self._follow(connection)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                connection = None
                if reused:
                    self.retried += 1
                else:
                    self.failed.append(repr(error))
                    time.sleep(0.02)

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def _follow(self, connection: http.client.HTTPConnection) -> None:
        connection.request("GET", self.path, headers={"User-Agent": BROWSER})
        response = connection.getresponse()
        response.read()
        if response.status != 302:
            self.failed.append(f"status {response.status}")
            return
        found = _TOKEN.search(response.headers["Location"])
        if found is None:
            self.without_token += 1
        else:
            self.clicks.append(read_token(self.settings.secret_keys, found[1]).click_id)


def missing_clicks(settings: Settings, clicks: list[UUID]) -> set[UUID]:
    """The clicks that are not in the database; all of them if it cannot be read."""
    databases = open_databases(settings)
    try:
        with databases.clicks.connect() as connection:
            return set(clicks) - set(connection.scalars(select(Click.id)))
    except SQLAlchemyError:
        return set(clicks)
    finally:
        databases.close()


def wait_until_all_are_rows(settings: Settings, clicks: list[UUID]) -> None:
    """Wait until all clicks are in the database. Spools are drained in seconds, so a timeout means loss."""
    end = time.monotonic() + HAPPENS_WITHIN_S
    while lost := missing_clicks(settings, clicks):
        assert time.monotonic() < end, f"{len(lost)} of {len(clicks)} clicks are lost"
        time.sleep(0.1)
