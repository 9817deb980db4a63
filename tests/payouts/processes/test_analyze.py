"""On SQLite a job renews the statistics by which indexes are chosen."""

from sqlalchemy import text

from config.database import Databases, read_session
from config.settings import Settings
from payouts.processes.analyze import analyze
from payouts.processes.job_table import tick
from tests.cast.books import Books, at


def test_the_job_samples_every_table_of_both_databases(
    books: Books, databases: Databases, settings: Settings
) -> None:
    books.sale("S1", 100_00, "10-01")
    results = tick(databases, settings, at("10-01 12:05"))
    assert results["analyze"] == {}
    if databases.main.dialect.name != "sqlite":
        assert analyze(databases) == 0
        return
    known = "select count(distinct tbl) from sqlite_stat1 where tbl in ('sale', 'commission', 'click_hour')"
    with read_session(databases.main) as main:
        assert main.scalar(text(known)) == 2
    with read_session(databases.main) as main:
        assert main.scalar(text("select count(*) from sale")) == 1
