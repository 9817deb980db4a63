"""The database hangs, stops or fills its disk under load: redirects continue, and no click is lost."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from config.database import open_databases, read_session
from config.migrate import upgrade
from config.settings import Settings
from tests.cast.people import create_cast
from tests.conftest import settings_for
from tests.harness.databases.postgres import PostgresServer, PostgresUnavailable
from tests.harness.processes.edge_process import (
    SPOOL_MB,
    Shoppers,
    missing_clicks,
    running_edge,
    wait_until,
    wait_until_all_are_rows,
)
from tests.tracker.clicks.entry_points import make_link
from tracker.clicks.models import Click

MINUTE = pytest.param(60.0, marks=[pytest.mark.nightly, pytest.mark.timeout(600)])
DISK_MB = 6


@contextmanager
def stopped(server: PostgresServer) -> Iterator[None]:
    server.stop_immediately()
    try:
        yield
    finally:
        server.restart()


def frozen(server: PostgresServer) -> AbstractContextManager[None]:
    return server.frozen()


def prepare(settings: Settings, now: datetime) -> None:
    databases = open_databases(settings)
    make_link(databases, create_cast(databases, now), now)
    databases.close()


def rows(settings: Settings) -> int:
    databases = open_databases(settings)
    with databases.clicks.connect() as connection:
        number = connection.scalar(select(func.count()).select_from(Click))
    databases.close()
    return number or 0


@pytest.mark.postgresql
@pytest.mark.parametrize("database_kind", ["postgresql"])
@pytest.mark.parametrize("length_s", [2.0, MINUTE])
@pytest.mark.parametrize("outage", [frozen, stopped])
def test_no_click_is_lost_while_postgresql_is_down_under_load(
    settings: Settings,
    postgres_server: PostgresServer,
    now: datetime,
    length_s: float,
    outage: Callable[[PostgresServer], AbstractContextManager[None]],
) -> None:
    prepare(settings, now)
    # One worker: a second one might not have cached the link yet and would correctly respond with 503.
    with running_edge(settings, workers=1) as edge, Shoppers(edge.port, settings) as shoppers:
        shoppers.wait_for_more(200)
        try:
            with outage(postgres_server):
                end = time.monotonic() + length_s
                before = len(shoppers.clicks)
                wait_until(lambda: time.monotonic() >= end, length_s + 10)
                assert len(shoppers.clicks) > before + length_s * 20, "redirects continued, with tokens"
        except PostgresUnavailable as reason:
            pytest.skip(str(reason))
        shoppers.wait_for_more(200)
        shoppers.stop()
        assert shoppers.failed == []
        assert shoppers.without_token == 0
        wait_until_all_are_rows(settings, shoppers.clicks)
        assert len(set(shoppers.clicks)) == len(shoppers.clicks)
        # A connection may have ended between the commit and the response; no click is stored twice.
        assert len(shoppers.clicks) <= rows(settings) <= len(shoppers.clicks) + 2 * shoppers.number


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of a few megabytes. Needs root."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def passes_integrity_check(settings: Settings) -> bool:
    databases = open_databases(settings)
    with databases.clicks.connect() as connection:
        found = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
    databases.close()
    return found == "ok"


def fill(path: Path) -> None:
    """Write until the disk is full to the last byte."""
    with path.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def test_a_full_disk_sends_clicks_to_the_spool(tmp_path: Path, now: datetime) -> None:
    with small_disk(tmp_path / "disk") as disk:
        settings = settings_for(disk / "home")
        databases = open_databases(settings)
        upgrade(databases)
        databases.close()
        prepare(settings, now)
        with running_edge(settings, workers=1) as edge, Shoppers(edge.port, settings, number=4) as shoppers:
            shoppers.wait_for_more(50)
            fill(disk / "filler")
            with pytest.raises(OSError, match="No space"):
                (disk / "more").write_bytes(bytes(65536))
            wait_until(lambda: spool_in_use(settings))
            shoppers.wait_for_more(300)
            assert missing_clicks(settings, shoppers.clicks[-50:])
            (disk / "filler").unlink()
            (disk / "more").unlink(missing_ok=True)
            shoppers.wait_for_more(50)
            shoppers.stop()
            assert shoppers.failed == []
            assert shoppers.without_token == 0
            wait_until_all_are_rows(settings, shoppers.clicks)
        assert passes_integrity_check(settings)


LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
os.execvp(sys.argv[2], sys.argv[2:])
"""


def spool_in_use(settings: Settings) -> bool:
    return any(path.read_bytes()[:1024].strip(b"\0") for path in settings.spool_folder.glob("*.spool"))


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_file_size_limit_sends_clicks_to_the_spool(settings: Settings, now: datetime) -> None:
    """Like a full disk, without root: the WAL of the database reaches the limit of the file size."""
    prepare(settings, now)
    limit = SPOOL_MB * 1024 * 1024
    clicks_file = Path(settings.clicks_url.removeprefix("sqlite:///"))
    databases = open_databases(settings)
    with read_session(databases.clicks) as session:
        session.scalar(
            select(func.count()).select_from(Click)
        )  # an open read transaction keeps the WAL from being reset
        wrapper = [sys.executable, "-c", LIMITED, str(limit)]
        with (
            running_edge(settings, workers=1, wrapper=wrapper) as edge,
            Shoppers(edge.port, settings, number=8) as shoppers,
        ):
            wait_until(lambda: spool_in_use(settings))
            assert Path(f"{clicks_file}-wal").stat().st_size >= limit * 0.9
            shoppers.wait_for_more(100)
            shoppers.stop()
            assert shoppers.failed == []
            assert shoppers.without_token == 0
            edge.kill_group()
    databases.close()
    with running_edge(settings, workers=1):
        wait_until_all_are_rows(settings, shoppers.clicks)
    assert passes_integrity_check(settings)
