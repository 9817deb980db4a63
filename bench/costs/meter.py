"""CPU time, memory and SQL statements of a part of a process, without its start and imports."""

import os
import resource
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, text


class Meter:
    """Counts what happens between `start` and `stop`: CPU time of the process, and of the backends of
    PostgreSQL that the database has; peak memory of the process so far; SQL statements of the engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.statements = 0
        self._before: tuple[float, float, float] = (0, 0, 0)
        event.listen(engine, "before_cursor_execute", self._count)

    def _count(self, *_arguments: Any) -> None:
        self.statements += 1

    def start(self) -> None:
        self._before = self._now()
        self.statements = 0

    def stop(self) -> dict[str, Any]:
        statements = self.statements
        cpu_s, server_s, wall_s = (after - b for after, b in zip(self._now(), self._before, strict=True))
        return {
            "cpu_s": round(cpu_s, 4),
            "server_cpu_s": round(server_s, 4),
            "wall_s": round(wall_s, 4),
            "peak_mb": peak_mb(),
            "statements": statements,
        }

    def _now(self) -> tuple[float, float, float]:
        return time.process_time(), backends_cpu_s(self._engine), time.perf_counter()


def peak_mb() -> float:
    """Of this process so far."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def backends_cpu_s(engine: Engine) -> float:
    """CPU time of all connections to the database; 0 on SQLite."""
    if engine.dialect.name != "postgresql":
        return 0
    with engine.connect() as connection:
        pids = connection.scalars(text("select pid from pg_stat_activity where datname = current_database()"))
        return sum(backend_cpu_s(pid) for pid in pids.all())


def backend_cpu_s(pid: int) -> float:
    """User and system time of a process (proc(5)); 0 when it has ended."""
    path = Path(f"/proc/{pid}/stat")
    if not path.exists():
        return 0.0
    fields = path.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
