"""Background load during a benchmark: money transactions, batches of jobs, CPU-bound pages, stored clicks.

python -m bench.neighbours money|jobs|cpu|rows DATABASE_URL HOME [NUMBER]
"""

import signal
import sys
import time
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.database import Databases, open_databases, transact
from config.locking.turns import Turn
from config.settings import load_settings

MONEY_S = 0.1
BATCH_S = 0.05
BURN_S = 0.05
BATCH_ROWS = 100_000
_SQLITE_ROWS = """
    insert into click (id, link_id, verdict, reason, device)
    with recursive n(i) as (select :start union all select i + 1 from n where i + 1 < :start + :number)
    select cast(unhex(printf('%012x', 1700000000000 + i) || '7000' || hex(randomblob(8))) as blob),
        randomblob(16), 'person', 'stored before', 'phone' from n
"""
_POSTGRES_ROWS = """
    insert into click (id, link_id, verdict, reason, device)
    select (lpad(to_hex(1700000000000 + i), 12, '0') || '7000' || substr(md5(i::text), 1, 16))::uuid,
        gen_random_uuid(), 'person', 'stored before', 'phone'
    from generate_series(:start, :start + :number - 1) i
"""


def money(databases: Databases) -> None:
    """Continuous transactions; each holds the write lock of the main database for 100 ms."""

    def work(session: Session) -> None:
        session.execute(text("update creator set name = name"))
        time.sleep(MONEY_S)

    while True:
        transact(databases.main, work)


def jobs(databases: Databases) -> None:
    """Batches of a job, back to back; each holds the write lock for 50 ms. Ends at SIGTERM and prints how
    many there were."""
    stopped = False
    batches = 0

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopped
        stopped = True

    def work(session: Session) -> None:
        session.execute(text("update creator set name = name"))
        time.sleep(BATCH_S)

    signal.signal(signal.SIGTERM, stop)
    while not stopped:
        transact(databases.main, work)
        batches += 1
    print(batches)  # noqa: T201 - its output


def cpu() -> None:
    """Continuous computations of 50 ms, like a client that requests CPU-bound pages."""
    while True:
        end = time.perf_counter() + BURN_S
        while time.perf_counter() < end:
            pass
        time.sleep(0)


def rows(databases: Databases, number: int) -> None:
    """Insert old clicks."""
    for start in range(0, number, BATCH_ROWS):
        with databases.clicks.begin() as connection:
            if connection.dialect.name == "sqlite":
                raw = connection.connection.driver_connection
                assert raw is not None
                raw.create_function("unhex", 1, bytes.fromhex)
            statement = text(_SQLITE_ROWS if connection.dialect.name == "sqlite" else _POSTGRES_ROWS)
            connection.execute(statement, {"start": start, "number": min(BATCH_ROWS, number - start)})


def main() -> None:
    kind, url, home, *more = sys.argv[1:]
    settings = load_settings(home=Path(home), database_url=url)
    databases = open_databases(settings, Turn.JOBS if kind == "jobs" else Turn.PEOPLE)
    if kind == "money":
        money(databases)
    elif kind == "jobs":
        jobs(databases)
    elif kind == "rows":
        rows(databases, int(more[0]))
    else:
        cpu()


if __name__ == "__main__":
    main()
