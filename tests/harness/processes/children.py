"""The child processes of a process, from /proc on Linux and from ps elsewhere."""

import subprocess
from pathlib import Path


def children_of(process_id: int) -> list[int]:
    """The process ids of the children; empty if the process has none or no longer exists."""
    listed = Path(f"/proc/{process_id}/task/{process_id}/children")
    if Path("/proc/self/task").is_dir():
        try:
            return [int(each) for each in listed.read_text().split()]
        except OSError:
            return []
    command = ["ps", "-A", "-o", "pid=,ppid="]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [int(pid) for pid, parent in map(str.split, lines) if int(parent) == process_id]
