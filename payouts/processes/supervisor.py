"""Starts the processes of an installation on one machine and watches them. It serves nothing itself.

Each child runs in its own session, gets SIGTERM when this process has to stop, and ends with it. When the
scheduler ends, it is restarted with growing pauses; when edge or web ends, everything stops.
"""

import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing.context import ForkProcess
from pathlib import Path
from types import FrameType
from typing import NoReturn

import structlog

from config.garbage_collection import tune_gc
from config.logs import configure_logs
from config.settings import PREFIX, Settings, load_settings
from payouts.processes.fork import Main, fork, gunicorn_main
from payouts.processes.signal_wait import SignalWait

STOP_TIMEOUT_S = 12.0
INITIAL_BACKOFF_S = 1.0
MAX_BACKOFF_S = 60.0
STABLE_AFTER_S = 60.0

# gunicorn's exit codes for "a worker failed to boot" and "the application cannot be loaded".
_GUNICORN_FAILED = {3: 1, 4: 1}

log = structlog.get_logger(__name__)


@dataclass
class Child:
    """One process of the installation. `vital`: when it ends, all others are stopped."""

    name: str
    main: Main
    vital: bool
    process: ForkProcess | None = None
    started_at: float = 0.0
    backoff_s: float = INITIAL_BACKOFF_S
    restart_at: float = 0.0


def serve(settings: Settings, *, only: str | None = None) -> int:
    """Run until a signal or until a vital child ends. Returns 0 after a signal, else the child's code."""
    return Supervisor(_children(only), child_environment(settings)).run()


def exec_serve(settings: Settings) -> NoReturn:
    """Replace this process by a new Python that runs `serve` and exits with its code."""
    sys.stdout.flush()
    command = [sys.executable, "-m", __name__]
    os.execve(sys.executable, command, child_environment(settings))


def child_environment(settings: Settings) -> dict[str, str]:
    """The settings as variables, so that every child gets exactly the settings of this process."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    given = settings.model_dump(mode="json") | {"home": str(settings.home.resolve())}
    return inherited | {PREFIX + name.upper(): _setting_text(value) for name, value in given.items()}


def _setting_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _children(only: str | None) -> list[Child]:
    config = Path(__file__).parents[2] / "config"
    every = [
        Child("edge", gunicorn_main(config / "edge_gunicorn.py"), vital=True),
        Child("web", gunicorn_main(config / "gunicorn.py"), vital=True),
        Child("scheduler", _scheduler, vital=only == "scheduler"),
    ]
    return [child for child in every if only in (None, child.name)]


def _scheduler() -> int:
    """The child imports the module itself: no other process needs the jobs."""
    return int(import_module("payouts.processes.scheduler").main())


@dataclass
class Supervisor:
    """Keeps the children running. `run` returns when all of them have ended."""

    children: list[Child]
    environment: Mapping[str, str]
    stopping: bool = field(default=False, init=False)

    def run(self) -> int:
        code = 0
        with SignalWait() as signals:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, self._stop)
            while not self.stopping:
                vital_code = self._vital_exit_code()
                if vital_code is not None:
                    code = vital_code
                    break
                self._start_missing()
                signals.wait(self._next_start_s())
            self._stop_all()
        return code

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def _start_missing(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.process is not None or now < child.restart_at:
                continue
            child.started_at = now
            child.process = fork(child.name, child.main, self.environment)

    def _next_start_s(self) -> float | None:
        """Seconds until a child is to be started again; None when all run."""
        starts = [child.restart_at for child in self.children if child.process is None]
        return max(min(starts) - time.monotonic(), 0.0) if starts else None

    def _vital_exit_code(self) -> int | None:
        """Log and forget children that have ended. Returns the exit code of a vital one, if any ended."""
        for child in self.children:
            code = child.process.exitcode if child.process else None
            if code is None:
                continue
            log.error("process ended", process=child.name, code=code)
            child.process = None
            if child.vital:
                return _GUNICORN_FAILED.get(code, code if code > 0 else 1)
            self._back_off(child)
        return None

    def _back_off(self, child: Child) -> None:
        if time.monotonic() - child.started_at > STABLE_AFTER_S:
            child.backoff_s = INITIAL_BACKOFF_S
        child.restart_at = time.monotonic() + child.backoff_s
        child.backoff_s = min(child.backoff_s * 2, MAX_BACKOFF_S)

    def _stop_all(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_TIMEOUT_S
        for process in running:
            process.join(max(deadline - time.monotonic(), 0.1))
            if process.exitcode is None and process.pid is not None:
                log.warning("process did not end in time", pid=process.pid)
                os.killpg(process.pid, signal.SIGKILL)
                process.join()


if __name__ == "__main__":
    tune_gc()
    configure_logs(production=False)
    sys.exit(serve(load_settings()))
