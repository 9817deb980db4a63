"""Visits for pages: by day of the brand, and of a link by where they came from."""

from typing import Any

from config.database import Databases, read_session
from config.settings import Settings
from tests.tracker.clicks.counting.test_days import NOON, count, links, made  # noqa: F401
from tests.tracker.clicks.counting.test_totals import write
from tracker.clicks.counting.day_statistics import visits_by_day, visits_by_value
from tracker.clicks.models import DayScope, FacetKind
from tracker.ids import uuid_of
from tracker.programs.links.owners import owners_of


def test_visits_of_a_brand_a_link_and_its_referrers(
    settings: Settings,
    databases: Databases,
    links: Any,  # noqa: F811
) -> None:
    anna, bob, _mugs = links
    hosts = ("blog.example", "blog.example", None)
    write_three = [made(NOON, anna, f"v{number}", host) for number, host in enumerate(hosts)]
    write(settings, *write_three, made(NOON, bob, "b"))
    count(databases)
    with read_session(databases.main) as session:
        brand_id = uuid_of(owners_of(session, [anna])[anna].brand_id, "brd")
    span = ("2026-11-01", "2026-11-30")
    with read_session(databases.clicks) as session:
        assert visits_by_day(session, brand_id, *span) == {"2026-11-10": 4}
        assert visits_by_day(session, brand_id, *span, scope=DayScope.LINK, subject_id=anna) == {
            "2026-11-10": 3
        }
        assert visits_by_value(session, anna, FacetKind.REFERRER, *span) == [
            ("blog.example", 2),
            ("unknown", 1),
        ]
        assert visits_by_value(session, anna, FacetKind.REFERRER, "2026-12-01", "2026-12-31") == []
