"""On PostgreSQL each month of clicks is a partition: made ahead, dropped whole, and no click is lost."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import text

from config.database import Databases, reading, transact
from config.settings import Settings
from tests.tracker.clicks.counting.test_pruning import left
from tests.tracker.clicks.counting.test_totals import click, figures, write
from tracker.clicks.counting import partitions
from tracker.clicks.counting.partitions import Partition, make_partitions, rows_outside
from tracker.clicks.counting.totals_run import TotalsRun
from tracker.ids import lowest_uuid

NOW = datetime.now(UTC)
pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.parametrize("database_kind", ["postgresql"]),
]


def month(now: datetime, ahead: int) -> datetime:
    number = now.year * 12 + now.month - 1 + ahead
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)


def known(databases: Databases) -> list[Partition]:
    with reading(databases.clicks) as session:
        return partitions.partitions(session)


def outside(databases: Databases) -> int:
    with reading(databases.clicks) as session:
        return rows_outside(session)


def make(databases: Databases, now: datetime) -> list[str]:
    return transact(databases.clicks, partial(make_partitions, now=now))


def test_a_new_installation_has_this_month_and_the_next_two(databases: Databases) -> None:
    found = known(databases)
    assert [each.start for each in found] == [lowest_uuid(month(NOW, ahead)) for ahead in range(3)]
    assert make(databases, NOW) == []


def test_later_months_are_made_ahead_and_a_click_lands_in_its_own(
    settings: Settings, databases: Databases
) -> None:
    later = month(NOW, 6)
    assert len(make(databases, later)) == 3
    write(settings, click(NOW), click(later, "bob"), click(month(NOW, 8), "eve"))
    assert outside(databases) == 0
    with databases.clicks.connect() as connection:
        homes = connection.execute(text("select distinct tableoid::regclass::text from click")).scalars()
        assert sorted(homes) == [f"click_{each:%Y_%m}" for each in (NOW, later, month(NOW, 8))]


def test_a_click_that_fits_no_month_is_kept_counted_and_moved_when_its_month_is_made(
    settings: Settings, databases: Databases
) -> None:
    later = month(NOW, 7) + timedelta(days=3)
    write(settings, click(later), click(NOW))
    assert (outside(databases), left(databases)) == (1, 2)
    assert len(make(databases, later)) == 3
    assert (outside(databases), left(databases)) == (0, 2)


def test_a_click_comes_once_whatever_partition_it_is_in(settings: Settings, databases: Databases) -> None:
    twice, far = click(NOW), click(month(NOW, 9))
    write(settings, twice, far)
    write(settings, twice, far)
    assert left(databases) == 2


def test_a_month_is_dropped_when_all_of_it_is_old_and_its_totals_stay(
    settings: Settings, databases: Databases
) -> None:
    last = month(NOW, 1) - timedelta(hours=2)
    outside_all = month(NOW, -3)
    write(settings, click(last), click(last, "bob"), click(month(NOW, 1), "eve"), click(outside_all, "joe"))
    run = TotalsRun(databases.clicks)
    assert run.prune(last) == {"partitions": 0, "clicks": 1}
    assert left(databases) == 3
    assert run.prune(month(NOW, 1) + timedelta(hours=1)) == {"partitions": 1, "clicks": 0}
    assert left(databases) == 1
    assert f"click_{NOW:%Y_%m}" not in [each.name for each in known(databases)]
    assert figures(databases) == {"persons": 4}
