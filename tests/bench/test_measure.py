"""A measurement writes down the rows of a step, and its floor writes the same rows into a copy."""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from bench.books.fill import fill
from bench.books.options import FillOptions
from bench.costs.jobs import JobRuns
from bench.costs.plain import open_target, write
from bench.costs.steps import measure_job_of_step, measure_step
from config.database import Databases, make_engine
from config.settings import Settings
from payouts.commissions.models import Commission, Entry
from tests.bench.test_fill import UNTIL

LEFT = 20


def test_the_floor_writes_the_rows_that_a_step_wrote(
    settings: Settings, databases: Databases, tmp_path: Path
) -> None:
    options = FillOptions(settings=settings, sales=200, creators=5, until=UNTIL)
    fill(replace(options, unaccrued=LEFT, unadjusted=LEFT, due=LEFT))
    plain = tmp_path / "plain"
    shutil.copytree(settings.home, plain)
    for number, name in enumerate(("accrue", "adjust", "release"), start=1):
        now = UNTIL + timedelta(minutes=number)
        found = measure_step(databases, name, now, tmp_path)
        assert found["done"] == LEFT
        assert found["statements"] > 0
        if databases.main.dialect.name == "sqlite":
            assert write(open_target(plain, ""), tmp_path / f"rows-{name}")["rows"] == found["rows"]
    if databases.main.dialect.name == "sqlite":
        copied = make_engine(f"sqlite:///{plain / 'linkledger.db'}")
        for engine in (databases.main, copied):
            with engine.connect() as connection:
                refunds = select(func.count(Entry.id)).where(Entry.kind == "refund")
                assert (connection.scalar(refunds) or 0) >= LEFT
                released = select(func.count(Commission.id)).where(Commission.matured_at > UNTIL)
                assert connection.scalar(released) == LEFT
        copied.dispose()


def test_the_job_of_a_step_does_what_a_measured_number_of_tasks_has_left(
    settings: Settings, databases: Databases, tmp_path: Path
) -> None:
    fill(FillOptions(settings=settings, sales=20, creators=5, until=UNTIL, unaccrued=LEFT))
    first, second = (UNTIL + timedelta(minutes=minutes) for minutes in (1, 2))
    assert measure_step(databases, "accrue", first, tmp_path, tasks=LEFT // 4)["done"] == LEFT // 4
    runs = JobRuns(databases, settings)
    warm = 3
    found = measure_job_of_step(runs, "accrue", second, tmp_path, warm)
    assert found["done"] == LEFT - LEFT // 4 - warm
    assert found["tables"]["commission"] == found["done"] + warm
    assert runs.measure_check(second, full=False)["done"] == 0
