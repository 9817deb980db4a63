"""`linkledger serve` as an operator uses it: it starts and stops all processes, and reports errors."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from config.database import Databases, open_databases
from config.settings import Settings
from payouts.processes.commands import COMMANDS
from payouts.processes.supervisor import Child, Supervisor, child_environment
from tests.cast.api import Terminal
from tests.conftest import settings_for
from tests.harness import ROOT
from tests.harness.processes.serve_process import (
    HAPPENS_WITHIN_S,
    STOPS_WITHIN_S,
    command_of,
    descendants,
    last_run,
    linux_only,
    running,
    scheduler_of,
    serving,
    wait_until,
    wait_until_both_run,
)


@linux_only
@pytest.mark.parametrize("stop", ["INT to the group", "TERM to the parent"])
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_serve_starts_all_processes_and_a_signal_stops_them(
    settings: Settings, databases: Databases, tmp_path: Path, stop: str
) -> None:
    with serving(settings, tmp_path) as served:
        wait_until_both_run(served, databases)
        number = signal.SIGTERM if stop.startswith("TERM") else signal.SIGINT
        (os.killpg if "group" in stop else os.kill)(served.process.pid, number)
        assert served.process.wait(STOPS_WITHIN_S) == 0
        assert not [command_of(pid) for pid in served.children if running(pid)]
        assert "Traceback" not in served.text()
        assert served.text().count("Linkledger is at") == 1


@linux_only
@pytest.mark.postgresql
@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_children_stop_when_the_parent_is_killed(
    settings: Settings, databases: Databases, tmp_path: Path
) -> None:
    with serving(settings, tmp_path) as served:
        wait_until_both_run(served, databases)
        served.process.kill()
        served.process.wait()
        wait_until(
            lambda: not [pid for pid in served.children if running(pid)], "all are gone", STOPS_WITHIN_S
        )
        assert not served.answers()


@linux_only
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_killed_scheduler_is_restarted_while_pages_keep_working(
    settings: Settings, databases: Databases, tmp_path: Path
) -> None:
    with serving(settings, tmp_path) as served:
        wait_until_both_run(served, databases)
        first = scheduler_of(served)
        assert first is not None
        os.kill(first, signal.SIGKILL)
        again = wait_until(lambda: scheduler_of(served) not in (None, first), "another scheduler")
        assert again
        assert served.answers()
        served.children |= descendants(served.process.pid)
        os.kill(served.process.pid, signal.SIGTERM)
        assert served.process.wait(STOPS_WITHIN_S) == 0
        assert "process ended" in served.text()
        assert not [pid for pid in served.children if running(pid)]


@linux_only
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_repeated_stop_signals_stop_the_scheduler_cleanly(settings: Settings, tmp_path: Path) -> None:
    """systemd signals every process of a service, and serve passes the signal on as well."""
    output = tmp_path / "output"
    with output.open("w") as target:
        process = subprocess.Popen(
            [sys.executable, "-m", "payouts.processes.scheduler"],
            env=child_environment(settings),
            cwd=ROOT,
            stdout=target,
            stderr=target,
        )
    databases = open_databases(settings)
    try:
        wait_until(lambda: last_run(databases), "the scheduler has run a job")
        for _ in range(3):
            process.terminate()
        assert process.wait(STOPS_WITHIN_S) == 0
        assert "Traceback" not in output.read_text()
    finally:
        databases.close()
        if process.poll() is None:
            process.kill()
            process.wait()


def test_the_restart_backoff_grows_and_resets_after_stable_running() -> None:
    child = Child("scheduler", lambda: 0, vital=False)
    supervisor = Supervisor([child], {})
    pauses = []
    for _ in range(9):
        child.started_at = time.monotonic()
        pauses.append(child.backoff_s)
        supervisor._back_off(child)
        assert child.restart_at > time.monotonic()
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    child.started_at = time.monotonic() - 61
    supervisor._back_off(child)
    assert child.backoff_s == 2


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_port_in_use_stops_everything_with_a_message(settings: Settings, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with serving(settings, tmp_path, port=taken.getsockname()[1]) as served:
            assert served.process.wait(HAPPENS_WITHIN_S) == 1
            assert str(taken.getsockname()[1]) in served.text()
            assert re.search(r"in use|taken", served.text())
            assert "Traceback" not in served.text()


def refused_start(settings: Settings, tmp_path: Path, *arguments: str, **changes: Any) -> tuple[int, str]:
    """The exit code and the output of `serve`."""
    with serving(settings, tmp_path, *arguments, **changes) as served:
        return served.process.wait(HAPPENS_WITHIN_S), served.text()


def test_an_empty_database_is_not_served_and_the_command_is_named(
    settings: Settings, databases: Databases, tmp_path: Path
) -> None:
    with databases.main.begin() as connection:
        connection.execute(text("drop table schema_main"))
    code, output = refused_start(settings, tmp_path)
    assert code == 1
    assert "run: linkledger migrate" in output
    assert "Traceback" not in output


def test_a_newer_schema_is_not_served(settings: Settings, databases: Databases, tmp_path: Path) -> None:
    with databases.main.begin() as connection:
        connection.execute(text("update schema_main set version_num = '9999'"))
    code, output = refused_start(settings, tmp_path, "--only", "scheduler")
    assert code == 1
    assert "schema 9999" in output
    assert "Install the newer version again, or restore a backup" in output


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_production_without_a_key_is_rejected(settings: Settings, tmp_path: Path) -> None:
    code, output = refused_start(settings, tmp_path, env="production", secret_key="")
    assert code == 2
    assert output == "linkledger: LINKLEDGER_SECRET_KEY is required when LINKLEDGER_ENV=production\n"


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--bind", "nowhere"), "LINKLEDGER_BIND"),
        (("--workers", "0"), "LINKLEDGER_WORKERS"),
        (("--only", "kitchen"), "kitchen"),
    ],
)
def test_an_invalid_option_is_named(settings: Settings, arguments: tuple[str, ...], named: str) -> None:
    assert named in Terminal(settings, COMMANDS).refused("serve", *arguments)


def test_serve_on_an_empty_database_creates_the_tables_and_prints_a_set_up_link(tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "new")
    with serving(settings, tmp_path) as served:
        wait_until(served.answers, "the pages answer")
        link = re.search(rf"{served.url}/app/setup/link/[\w-]{{43}}\n", served.text())
        assert link is not None
        assert served.text().count("/app/setup/link/") == 1
        assert "works once, within one hour" in served.text()


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_serve_prints_no_set_up_link_where_there_is_a_user(
    settings: Settings, databases: Databases, tmp_path: Path
) -> None:
    with databases.main.begin() as connection:
        add = (
            "insert into user_account (id, email, name, created_at) values ('usr_1', 'a@b.example', 'A', '')"
        )
        connection.execute(text(add))
    with serving(settings, tmp_path) as served:
        wait_until(served.answers, "the pages answer")
        assert "setup" not in served.text()
