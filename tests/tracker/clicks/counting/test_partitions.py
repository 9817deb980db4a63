"""On PostgreSQL each month of clicks is a partition, created ahead and dropped whole; no click is lost."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import text

from config.database import Databases, read_session, transact
from config.settings import Settings
from tests.tracker.clicks.counting.test_pruning import stored_rows
from tests.tracker.clicks.counting.test_totals import click, link_counts, write
from tracker.clicks.counting import partitions
from tracker.clicks.counting.partitions import Partition, create_partitions, default_partition_rows
from tracker.clicks.counting.totals_job import TotalsRun
from tracker.ids import uuid_lower_bound

NOW = datetime.now(UTC)
pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.parametrize("database_kind", ["postgresql"]),
]


def month(now: datetime, ahead: int) -> datetime:
    number = now.year * 12 + now.month - 1 + ahead
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)


def months(databases: Databases) -> list[Partition]:
    with read_session(databases.clicks) as session:
        return partitions.partitions(session)


def outside(databases: Databases) -> int:
    with read_session(databases.clicks) as session:
        return default_partition_rows(session)


def make(databases: Databases, now: datetime) -> list[str]:
    return transact(databases.clicks, partial(create_partitions, now=now))


def test_a_new_installation_has_this_month_and_the_next_two(databases: Databases) -> None:
    found = months(databases)
    assert [each.start for each in found] == [uuid_lower_bound(month(NOW, ahead)) for ahead in range(3)]
    assert make(databases, NOW) == []


def test_partitions_are_created_ahead_and_a_click_is_stored_in_its_month(
    settings: Settings, databases: Databases
) -> None:
    later = month(NOW, 6)
    assert len(make(databases, later)) == 3
    write(settings, click(NOW), click(later, "bob"), click(month(NOW, 8), "eve"))
    assert outside(databases) == 0
    with databases.clicks.connect() as connection:
        tables = connection.execute(text("select distinct tableoid::regclass::text from click")).scalars()
        assert sorted(tables) == [f"click_{each:%Y_%m}" for each in (NOW, later, month(NOW, 8))]


def test_a_click_without_a_partition_moves_when_its_partition_is_created(
    settings: Settings, databases: Databases
) -> None:
    later = month(NOW, 7) + timedelta(days=3)
    write(settings, click(later), click(NOW))
    assert (outside(databases), stored_rows(databases)) == (1, 2)
    assert len(make(databases, later)) == 3
    assert (outside(databases), stored_rows(databases)) == (0, 2)


def test_a_click_is_stored_once_in_any_partition(settings: Settings, databases: Databases) -> None:
    in_month, in_default = click(NOW), click(month(NOW, 9))
    write(settings, in_month, in_default)
    write(settings, in_month, in_default)
    assert stored_rows(databases) == 2


def test_an_expired_partition_is_dropped_and_its_totals_stay(
    settings: Settings, databases: Databases
) -> None:
    last = month(NOW, 1) - timedelta(hours=2)
    without_partition = month(NOW, -3)
    write(
        settings,
        click(last),
        click(last, "bob"),
        click(month(NOW, 1), "eve"),
        click(without_partition, "joe"),
    )
    run = TotalsRun(databases.clicks)
    assert run.prune(last) == {"partitions": 0, "clicks": 1}
    assert stored_rows(databases) == 3
    assert run.prune(month(NOW, 1) + timedelta(hours=1)) == {"partitions": 1, "clicks": 0}
    assert stored_rows(databases) == 1
    assert f"click_{NOW:%Y_%m}" not in [each.name for each in months(databases)]
    assert link_counts(databases) == {"persons": 4}
