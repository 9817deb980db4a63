"""Metrics of several processes: the processes of each server write into one folder.

prometheus_client decides where it stores values when it is first imported, so each gunicorn configuration
calls `enable_multiprocess_metrics` before it loads the application.
"""

import os
from importlib import import_module
from pathlib import Path
from typing import Any

from config.process import process_id

MULTIPROC_DIR_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
FOLDER = "metrics"


def enable_multiprocess_metrics(home: Path, server: str) -> None:
    """Create an empty folder for the processes of `server`, such as "web", before any metric exists."""
    folder = home.resolve() / FOLDER / server
    folder.mkdir(parents=True, exist_ok=True)
    for old_file in folder.glob("*.db"):
        old_file.unlink(missing_ok=True)
    os.environ[MULTIPROC_DIR_VARIABLE] = str(folder)
    values: Any = import_module("prometheus_client.values")  # safe to import from here on
    values.ValueClass = values.MultiProcessValue(process_id)


def remove_live_gauges(process_id: int) -> None:
    """Remove the live gauges of a process that has ended. Its counters stay.

    Does the same as prometheus_client.multiprocess.mark_process_dead, which must not be imported before
    `enable_multiprocess_metrics`.
    """
    own = os.environ.get(MULTIPROC_DIR_VARIABLE)
    for path in Path(own).glob(f"gauge_live*_{process_id}.db") if own else ():
        path.unlink(missing_ok=True)


def metrics_files() -> list[str]:
    """The metrics files of all servers of this installation; empty if this process shares no metrics."""
    own = os.environ.get(MULTIPROC_DIR_VARIABLE)
    return sorted(map(str, Path(own).parent.glob("*/*.db"))) if own else []
