"""Which processes a process has started, with what every machine has: /proc on Linux, ps elsewhere."""

import subprocess
from pathlib import Path


def children_of(process_id: int) -> list[int]:
    """Empty when it has none, or is gone."""
    listed = Path(f"/proc/{process_id}/task/{process_id}/children")
    if Path("/proc/self/task").is_dir():
        try:
            return [int(each) for each in listed.read_text().split()]
        except OSError:
            return []
    command = ["ps", "-A", "-o", "pid=,ppid="]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [int(pid) for pid, parent in map(str.split, lines) if int(parent) == process_id]
