"""Figures of several processes as one: each server process group writes into a folder of its own.

prometheus_client decides where values live when it is first imported, so a gunicorn configuration calls
`share_figures` before the application is loaded.
"""

import os
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
FOLDER = "metrics"


def share_figures(home: Path, server: str) -> None:
    """Before anything is counted: an empty folder for the processes of this server, such as "web"."""
    folder = home.resolve() / FOLDER / server
    folder.mkdir(parents=True, exist_ok=True)
    for former in folder.glob("*.db"):
        former.unlink(missing_ok=True)
    os.environ[VARIABLE] = str(folder)


def figure_files() -> list[str]:
    """Of every server of this installation, when this process shares its figures."""
    own = os.environ.get(VARIABLE)
    return sorted(map(str, Path(own).parent.glob("*/*.db"))) if own else []
