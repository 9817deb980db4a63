"""Starts the processes of an installation on one machine and watches them. It serves nothing itself.

Each child runs in a session of its own, gets TERM when this process is told to stop, and dies with it. The
scheduler is started again when it falls, with growing pauses; when edge or web falls, everything stops.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import structlog

from config.settings import PREFIX, Settings

STOP_WITHIN_S = 12.0
POLL_S = 0.2
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
STEADY_AFTER_S = 60.0
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG, prctl(2)

# gunicorn's own codes for "a worker would not boot" and "the application cannot be loaded".
_GUNICORN_FAILED = {3: 1, 4: 1}

log = structlog.get_logger(__name__)


@dataclass
class Child:
    """One process of the installation. `vital`: without it the others make no sense."""

    name: str
    command: list[str]
    vital: bool
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause_s: float = FIRST_PAUSE_S
    start_after: float = 0.0


def serve(settings: Settings, *, only: str | None = None) -> int:
    """Run until a signal or until a vital child falls. The exit code: 0 after a signal, else the child's."""
    return Supervisor(_children(only), child_environment(settings)).run()


def child_environment(settings: Settings) -> dict[str, str]:
    """The settings as variables, so that every child reads exactly what this process has read."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    given = settings.model_dump(mode="json") | {"home": str(settings.home.resolve())}
    return kept | {PREFIX + name.upper(): _text(value) for name, value in given.items()}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _children(only: str | None) -> list[Child]:
    scheduler = [sys.executable, "-m", "payouts.scheduler"]
    every = [
        Child("edge", _gunicorn("edge_gunicorn.py"), vital=True),
        Child("web", _gunicorn("gunicorn.py"), vital=True),
        Child("scheduler", scheduler, vital=only == "scheduler"),
    ]
    return [child for child in every if only in (None, child.name)]


def _gunicorn(settings_file: str) -> list[str]:
    path = Path(__file__).parents[1] / "config" / settings_file
    return [sys.executable, "-m", "gunicorn", "--config", str(path)]


@dataclass
class Supervisor:
    """Keeps children running. `run` returns when all have ended."""

    children: list[Child]
    environment: Mapping[str, str]
    stopping: bool = field(default=False, init=False)

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        code = 0
        while not self.stopping:
            fallen = self._fallen_vital()
            if fallen is not None:
                code = fallen
                break
            self._start_missing()
            time.sleep(POLL_S)
        self._end_all()
        return code

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def _start_missing(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.process is not None or now < child.start_after:
                continue
            child.started_at = now
            child.process = subprocess.Popen(
                child.command,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=_die_with_parent(os.getpid()),
            )

    def _fallen_vital(self) -> int | None:
        """Note who has fallen; the exit code when it was somebody vital."""
        for child in self.children:
            code = child.process.poll() if child.process else None
            if code is None:
                continue
            log.error("process ended", process=child.name, code=code)
            child.process = None
            if child.vital:
                return _GUNICORN_FAILED.get(code, code if code > 0 else 1)
            self._pause(child)
        return None

    def _pause(self, child: Child) -> None:
        if time.monotonic() - child.started_at > STEADY_AFTER_S:
            child.pause_s = FIRST_PAUSE_S
        child.start_after = time.monotonic() + child.pause_s
        child.pause_s = min(child.pause_s * 2, LONGEST_PAUSE_S)

    def _end_all(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_WITHIN_S
        for process in running:
            try:
                process.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                log.warning("process did not end in time", pid=process.pid)
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _die_with_parent(parent_id: int) -> Callable[[], None] | None:
    """On Linux the kernel ends a child whose parent is gone; elsewhere a killed parent leaves children."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def before_exec() -> None:
        prctl(_DIE_WITH_PARENT, signal.SIGTERM)
        if os.getppid() != parent_id:
            os._exit(1)

    return before_exec
