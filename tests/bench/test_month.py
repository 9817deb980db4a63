"""A month is closed and sealed by the jobs, and its floor makes the same rows and the same parts."""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bench.books.fill import fill
from bench.books.options import FillOptions
from bench.costs.jobs import JobRuns
from bench.costs.pages import measure_pages
from bench.costs.plain import open_target
from bench.costs.plain_statement import PlainStatement
from bench.costs.statements import close_month, close_month_at_once, seal_month
from config.database import Databases, open_databases
from config.settings import Settings, load_settings
from tests.bench.test_fill import UNTIL
from tracker.times import parse_utc

SALES = 60


def test_the_floor_of_a_month_makes_the_rows_and_parts_of_its_statement(
    settings: Settings, databases: Databases, tmp_path: Path
) -> None:
    options = FillOptions(settings=settings, sales=SALES, creators=5, until=UNTIL)
    filled = fill(replace(options, months=1, hold_days=14, open_month=True))
    plain = tmp_path / "plain"
    for copy in (plain, tmp_path / "other"):
        shutil.copytree(settings.home, copy)
    runs, now = JobRuns(databases, settings), parse_utc(filled.until) + timedelta(hours=1)
    assert close_month(runs, now)["lines"] == filled.counts["commissions"]
    pages = measure_pages(databases, settings, now)
    assert pages["review of a statement's rows"]["rows"] == filled.counts["commissions"]
    assert seal_month(runs)["parts"] >= 2
    if databases.main.dialect.name == "sqlite":
        other = load_settings(home=tmp_path / "other", database_url="")
        others = JobRuns(open_databases(other), other)
        assert close_month_at_once(others, now)["lines"] == filled.counts["commissions"]
        # It raises when its parts are not those of the product.
        assert PlainStatement(open_target(settings.home, ""), open_target(plain, "")).write()["rows"] > SALES


def test_pages_read_what_the_filler_and_the_jobs_of_totals_wrote(
    settings: Settings, databases: Databases
) -> None:
    fill(FillOptions(settings=settings, sales=4 * SALES, creators=5, until=UNTIL, click_days=732))
    JobRuns(databases, settings).measure_totals(UNTIL)
    found = measure_pages(databases, settings, UNTIL)
    assert found["visits by day"]["rows"] == 366
    empty = {name for name, page in found.items() if not page["rows"]}
    assert empty <= {"held now", "creator's lines, two pages"}
