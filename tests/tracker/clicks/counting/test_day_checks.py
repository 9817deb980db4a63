"""Visits by day that are not the sums of their hours are found; days that are behind are no fault."""

from functools import partial
from uuid import UUID

import pytest
from sqlalchemy import select, text

from config.database import Databases, read_session, transact
from config.settings import Settings
from tests.tracker.clicks.counting.test_days import HOUR, NOON, count
from tests.tracker.clicks.counting.test_days import links as links
from tests.tracker.clicks.counting.test_totals import click, write
from tracker.clicks.counting import day_checks
from tracker.clicks.counting.day_checks import day_faults
from tracker.people.accounts.models import Brand


def faults(databases: Databases) -> list[str]:
    with read_session(databases.main) as session:
        brands = session.scalars(select(Brand.id).order_by(Brand.id)).all()
    main, clicks = partial(read_session, databases.main), partial(read_session, databases.clicks)
    return [each.message for each in day_faults(main, clicks, brands)]


def change(databases: Databases, statement: str) -> None:
    transact(databases.clicks, lambda session: session.execute(text(statement)))


@pytest.fixture
def counted(settings: Settings, databases: Databases, links: tuple[UUID, UUID, UUID]) -> Databases:
    anna, bob, mugs = links
    for number, link in enumerate((anna, bob, mugs, anna)):
        write(settings, click(NOON + number * 7 * HOUR, link=link))
    count(databases)
    return databases


PLANTED = {
    "a link": "update click_day set persons = persons + 1 where scope = 'link'",
    "a creator": "update click_day set persons = persons + 1 where scope = 'creator'",
    "a brand": "update click_day set persons = persons + 1 where scope = 'brand'",
    "a link is gone": "delete from click_day where scope = 'link'",
    "a brand is gone": "delete from click_day where scope = 'brand'",
    "an hour": "update click_total set persons = persons + 1",
    "another day": "update click_day set day = '2026-11-20' where day = '2026-11-11'",
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_difference_is_found(
    counted: Databases, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_checks, "LINKS_PER_READ", 2)
    assert faults(counted) == []
    change(counted, PLANTED[what])
    assert faults(counted)


def test_a_day_whose_hours_were_counted_since_is_behind(counted: Databases) -> None:
    change(counted, "update click_day set persons = persons + 1")
    change(counted, "update click_hour set changes = changes + 1")
    assert faults(counted) == []
