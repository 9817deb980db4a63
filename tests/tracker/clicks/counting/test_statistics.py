"""Statistics of a link: its totals plus the clicks after them; on both databases."""

from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest

from config.database import Databases, read_session
from config.settings import Settings
from tests.tracker.clicks.counting.test_totals import HOUR, LINK, NOON, OTHER, START, click, write
from tracker.clicks.counting.statistics import link_statistics
from tracker.clicks.counting.totals_job import TotalsRun, no_lease_check
from tracker.clicks.jobs import count_clicks


def statistics(databases: Databases, *links: UUID) -> dict[UUID, dict[str, int]]:
    with read_session(databases.clicks) as session:
        return {link: dict(+counts) for link, counts in link_statistics(session, links).items()}


def test_a_click_is_counted_before_any_total_exists(settings: Settings, databases: Databases) -> None:
    write(settings, click(NOON), click(NOON, verdict="crawler"), click(NOON, link=OTHER))
    assert statistics(databases, LINK) == {LINK: {"persons": 1, "crawlers": 1}}


@pytest.mark.parametrize("again", [timedelta(minutes=10), HOUR, 3 * HOUR])
def test_clicks_after_the_totals_are_added_once(
    settings: Settings, databases: Databases, again: timedelta
) -> None:
    write(settings, click(NOON - 2 * HOUR, "anna"), click(NOON, "bert"), click(NOON, "bert"))
    TotalsRun(databases.clicks).count(START, NOON)
    assert statistics(databases, LINK) == {LINK: {"persons": 2, "repeats": 1}}
    write(settings, click(NOON + again, "cleo"), click(NOON + again, "eve", "head", OTHER))
    expected = {LINK: {"persons": 3, "repeats": 1}, OTHER: {"heads": 1}}
    assert statistics(databases, LINK, OTHER) == expected
    TotalsRun(databases.clicks).count(START, NOON + again)
    assert statistics(databases, LINK, OTHER) == expected


def test_pruning_does_not_change_the_statistics(settings: Settings, databases: Databases) -> None:
    write(settings, *(click(NOON - hours * HOUR, f"visitor {hours}") for hours in range(48)))
    TotalsRun(databases.clicks).prune(NOON - 12 * HOUR)
    assert statistics(databases, LINK) == {LINK: {"persons": 48}}


def test_a_pause_of_the_scheduler_skips_no_hour(settings: Settings, databases: Databases) -> None:
    write(settings, *(click(NOON - hours * HOUR, f"visitor {hours}") for hours in range(48)))
    assert count_clicks(databases.clicks, NOON, no_lease_check, HOUR) == {"hours": 48}
    assert count_clicks(databases.clicks, NOON, no_lease_check, HOUR) == {"hours": 0}
    assert statistics(databases, LINK) == {LINK: Counter(persons=48)}
