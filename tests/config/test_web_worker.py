"""What config/web_worker.py uses of gunicorn that is not documented: this fails when any of it changes.

Then read gunicorn/workers/gthread.py again before adapting the worker, and let test_web_stalls.py decide.
"""

import inspect
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from gunicorn import util
from gunicorn.http.unreader import Unreader
from gunicorn.workers import gthread
from gunicorn.workers.gthread import TConn, ThreadWorker

from config import web_worker
from tests.harness import ROOT

PINNED = "27.0.1"
SIGNATURES: dict[Callable[..., Any], str] = {
    TConn.__init__: "(self, cfg, sock, client, server)",
    TConn.close: "(self, graceful=False)",
    TConn.init: "(self)",
    TConn.set_timeout: "(self)",
    ThreadWorker.init_process: "(self)",
    ThreadWorker.accept: "(self, listener)",
    ThreadWorker.handle: "(self, conn)",
    ThreadWorker.murder_pending: "(self)",
    ThreadWorker.handle_quit: "(self, sig, frame)",
    ThreadWorker.on_pending_socket_readable: "(self, conn, client)",
    ThreadWorker.finish_request: "(self, conn, fs)",
    util.close: "(sock)",
}
ATTRIBUTES = {
    ThreadWorker.__init__: ("nr_conns", "pending_conns", "poller", "method_queue"),
    TConn.__init__: ("cfg", "sock", "timeout", "parser", "data_ready"),
    Unreader.__init__: ("buf",),
}
MUST_CALL = [
    # (method, what it calls): an override has an effect only while the method that calls it does so.
    (ThreadWorker.run, "self.murder_pending()"),
    (ThreadWorker.set_accept_enabled, "self.accept)"),
    (ThreadWorker.enqueue_req, "self.handle, conn)"),
    (ThreadWorker.finish_request, "conn.close(graceful=True)"),
    (ThreadWorker.murder_pending, "conn.timeout"),
    (ThreadWorker.handle, "conn.data_ready"),
]
FOLDERS = ("config", "tracker", "payouts", "wsgi.py")


def test_gunicorn_is_the_version_that_the_worker_was_written_for() -> None:
    assert version("gunicorn") == PINNED
    assert f'"gunicorn=={PINNED}"' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize("function", SIGNATURES, ids=lambda function: function.__qualname__)
def test_the_signatures_are_the_same(function: Callable[..., Any]) -> None:
    assert str(inspect.signature(function)) == SIGNATURES[function]


def test_closing_gracefully_takes_a_time_and_a_number_of_bytes() -> None:
    assert list(inspect.signature(util.close_graceful).parameters)[:3] == ["sock", "timeout", "max_drain"]


@pytest.mark.parametrize("function", ATTRIBUTES, ids=lambda function: function.__qualname__)
def test_the_attributes_are_made_by_the_constructors(function: Callable[..., Any]) -> None:
    source = inspect.getsource(function)
    assert [name for name in ATTRIBUTES[function] if f"self.{name} = " not in source] == []


@pytest.mark.parametrize(("function", "call"), MUST_CALL, ids=lambda each: getattr(each, "__qualname__", ""))
def test_what_is_overridden_is_still_called(function: Callable[..., Any], call: str) -> None:
    assert call in inspect.getsource(function)


def test_every_override_exists_in_gunicorn() -> None:
    ours = {"_next_request_arrives", "_start_shutdown", "has_buffered_bytes", "linger"}
    for own, original in ((web_worker.WebWorker, ThreadWorker), (web_worker.Connection, TConn)):
        methods = {name for name, value in vars(own).items() if inspect.isfunction(value)}
        assert sorted(name for name in methods - ours if not hasattr(original, name)) == []


def test_only_this_file_uses_undocumented_parts_of_gunicorn() -> None:
    """The documented ones: the base class of workers, and the names of settings."""
    users = {
        str(path.relative_to(ROOT))
        for folder in FOLDERS
        for path in _python_files(ROOT / folder)
        for line in path.read_text().splitlines()
        if line.strip().startswith(("from gunicorn", "import gunicorn"))
        and line.strip() != "from gunicorn.workers.base import Worker"
    }
    starters = {"payouts/processes/fork.py"}  # runs the same as the command `gunicorn`
    assert users == {"config/web_worker.py"} | starters
    assert gthread.__name__ == "gunicorn.workers.gthread"


def _python_files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(path.rglob("*.py"))
