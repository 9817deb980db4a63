"""One measurement: the load in a process of its own, and the CPU time that the server takes for it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.servers import RunningServer
from tests.harness import ROOT

CONNECTIONS = 32
WARM_S = 120.0
"""Longest warm-up; the cache is warm after every request was sent once."""


def measure(
    running: RunningServer,
    requests: Path,
    seconds: float,
    client_core: int | None,
    rate: float | None = None,
    *,
    once: bool = False,
) -> dict[str, Any]:
    """What bench.load measured, and `cpu_us`: microseconds of CPU time of the whole server for each response.

    `rate`: requests per second; None sends as fast as the server responds. `once`: each request once.
    """
    command = [sys.executable, "-m", "bench.load", str(requests), f"--port={running.port}"]
    command += [f"--seconds={seconds}", f"--connections={CONNECTIONS}"]
    command += [f"--rate={rate}"] if rate else []
    command += ["--once"] if once else []
    command += [f"--core={client_core}"] if client_core is not None else []
    before_s = running.cpu_s()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    used_s = running.cpu_s() - before_s
    found: dict[str, Any] = json.loads(done.stdout)
    found["cpu_us"] = round(used_s * 1e6 / max(sum(found["answers"].values()), 1), 1)
    return found


def log(text: str) -> None:
    sys.stderr.write(text + "\n")
