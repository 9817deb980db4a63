"""Metrics of several processes: each server group writes into its own folder.

prometheus_client decides where values live when it is first imported, so a gunicorn configuration calls
`enable_multiprocess_metrics` before the application is loaded.
"""

import os
from importlib import import_module
from pathlib import Path
from typing import Any

from config.process import process_id

MULTIPROC_DIR_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
FOLDER = "metrics"


def enable_multiprocess_metrics(home: Path, server: str) -> None:
    """Before anything is counted: an empty folder for the processes of this server, such as "web"."""
    folder = home.resolve() / FOLDER / server
    folder.mkdir(parents=True, exist_ok=True)
    for former in folder.glob("*.db"):
        former.unlink(missing_ok=True)
    os.environ[MULTIPROC_DIR_VARIABLE] = str(folder)
    values: Any = import_module("prometheus_client.values")  # from now on, it may be imported
    values.ValueClass = values.MultiProcessValue(process_id)


def remove_live_gauges(process_id: int) -> None:
    """Remove the live gauges of a process that has ended. Its counters stay.

    As prometheus_client.multiprocess.mark_process_dead, which cannot be imported before `enable_multiprocess_metrics`.
    """
    own = os.environ.get(MULTIPROC_DIR_VARIABLE)
    for path in Path(own).glob(f"gauge_live*_{process_id}.db") if own else ():
        path.unlink(missing_ok=True)


def metrics_files() -> list[str]:
    """Of every server of this installation, when this process shares its figures."""
    own = os.environ.get(MULTIPROC_DIR_VARIABLE)
    return sorted(map(str, Path(own).parent.glob("*/*.db"))) if own else []
