"""What pages show of a link: totals, and at once what came after them; on both databases."""

from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest

from config.database import Databases, reading
from config.settings import Settings
from tests.tracker.clicks.counting.test_totals import HOUR, LINK, NOON, OTHER, START, click, write
from tracker.clicks.counting.statistics import link_figures
from tracker.clicks.counting.totals_run import TotalsRun, nobody_else
from tracker.clicks.jobs import count_clicks


def shown(databases: Databases, *links: UUID) -> dict[UUID, dict[str, int]]:
    with reading(databases.clicks) as session:
        return {link: dict(+figures) for link, figures in link_figures(session, links).items()}


def test_a_click_shows_at_once_before_there_is_any_total(settings: Settings, databases: Databases) -> None:
    write(settings, click(NOON), click(NOON, verdict="crawler"), click(NOON, link=OTHER))
    assert shown(databases, LINK) == {LINK: {"persons": 1, "crawlers": 1}}


@pytest.mark.parametrize("again", [timedelta(minutes=10), HOUR, 3 * HOUR])
def test_what_came_after_the_totals_is_added_once(
    settings: Settings, databases: Databases, again: timedelta
) -> None:
    write(settings, click(NOON - 2 * HOUR, "anna"), click(NOON, "bert"), click(NOON, "bert"))
    TotalsRun(databases.clicks).count(START, NOON)
    assert shown(databases, LINK) == {LINK: {"persons": 2, "repeats": 1}}
    write(settings, click(NOON + again, "cleo"), click(NOON + again, "eve", "head", OTHER))
    expected = {LINK: {"persons": 3, "repeats": 1}, OTHER: {"heads": 1}}
    assert shown(databases, LINK, OTHER) == expected
    TotalsRun(databases.clicks).count(START, NOON + again)
    assert shown(databases, LINK, OTHER) == expected


def test_after_pruning_the_figures_are_what_they_were(settings: Settings, databases: Databases) -> None:
    write(settings, *(click(NOON - hours * HOUR, f"visitor {hours}") for hours in range(48)))
    TotalsRun(databases.clicks).prune(NOON - 12 * HOUR)
    assert shown(databases, LINK) == {LINK: {"persons": 48}}


def test_a_time_without_scheduler_leaves_out_no_hour(settings: Settings, databases: Databases) -> None:
    write(settings, *(click(NOON - hours * HOUR, f"visitor {hours}") for hours in range(48)))
    assert count_clicks(databases.clicks, NOON, nobody_else, HOUR) == {"hours": 48}
    assert count_clicks(databases.clicks, NOON, nobody_else, HOUR) == {"hours": 0}
    assert shown(databases, LINK) == {LINK: Counter(persons=48)}
