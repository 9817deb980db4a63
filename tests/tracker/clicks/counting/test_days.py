"""Visits by day, and their facets, equal the sums over the clicks: after late clicks, crashes, other runs."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, select, update

from config.database import Databases, read_session, transact
from config.settings import Settings
from tests.cast.people import add_brand_with_program, add_member
from tests.harness.processes.threads import run_concurrently
from tests.tracker.clicks.counting.test_totals import click, write
from tracker.clicks.counting import days_job, facets
from tracker.clicks.counting.days_job import DaysRun
from tracker.clicks.counting.facets import OTHER, UNKNOWN, most_frequent
from tracker.clicks.counting.totals_job import TotalsRun
from tracker.clicks.models import Click, ClickConfirmation, ClickDay, ClickDoubt, ClickFacet, ClickHour
from tracker.clicks.recording.writers import NewClick
from tracker.ids import uuid_of, uuid_time
from tracker.people.accounts.days import day_of
from tracker.people.accounts.rules_versions import load_rules
from tracker.programs.links.owners import owners_of

NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
START, END = NOON - timedelta(days=40), NOON + timedelta(days=3)
HOUR = timedelta(hours=1)
REFERRERS = (None, "blog.example", "news.example")
Days = dict[tuple[str, UUID, str], int]
"""Visits by scope, subject and day."""


class Crash(BaseException):
    """Not caught by `except Exception`, as a kill is not."""


@pytest.fixture
def links(databases: Databases) -> tuple[UUID, UUID, UUID]:
    """Two links of Anna and Bob at a brand in Berlin, and one of Anna at a brand in India."""
    founded = START - timedelta(days=60)

    def work(session: Any) -> tuple[UUID, UUID, UUID]:
        _teas, teas = add_brand_with_program(session, founded, timezone="Europe/Berlin")
        _mugs, mugs = add_brand_with_program(session, founded, name="Mugs", timezone="Asia/Kolkata")
        anna = add_member(session, founded, teas, "Anna", code="anna")
        bob = add_member(session, founded, teas, "Bob", code="bob")
        other = add_member(session, founded, mugs, "Anna", creator_id=anna.creator_id, code="anna-mugs")
        return tuple(uuid_of(each.link_id, "lnk") for each in (anna, bob, other))  # type: ignore[return-value]

    return transact(databases.main, work)


def count(databases: Databases) -> None:
    TotalsRun(databases.clicks).count(START, END)
    run = DaysRun(databases)
    run.sum_up()
    run.count_facets()


def visits(databases: Databases) -> list[tuple[Any, UUID, str]]:
    """Every click that is a visit, with its creator, brand and day, found one by one."""
    with read_session(databases.clicks) as session:
        doubtful = set(session.scalars(select(ClickDoubt.click_id)))
        confirmed = set(session.scalars(select(ClickConfirmation.click_id)))
        clicks = session.scalars(select(Click)).all()
    with read_session(databases.main) as session:
        owners = owners_of(session, sorted({each.link_id for each in clicks}))
        rules = {each.brand_id: load_rules(session, each.brand_id) for each in owners.values()}
    found = []
    for each in clicks:
        if (each.verdict == "person" or each.id in confirmed) and each.id not in doubtful:
            hour = uuid_time(each.id).replace(minute=0, second=0, microsecond=0)
            owner = owners[each.link_id]
            found.append((each, owner, day_of(rules[owner.brand_id], hour)))
    return found  # type: ignore[return-value]


def assert_days_are_right(databases: Databases) -> None:
    days: Counter[Any] = Counter()
    values: Counter[Any] = Counter()
    for each, owner, day in visits(databases):
        brand, creator = uuid_of(owner.brand_id, "brd"), uuid_of(owner.creator_id, "crt")  # type: ignore[attr-defined]
        for scope, subject in (("link", each.link_id), ("creator", creator), ("brand", brand)):
            days[brand, scope, subject, day] += 1
        for kind, value in (
            ("referrer", each.referrer_host),
            ("country", each.country),
            ("device", each.device),
        ):
            values[each.link_id, day, kind, value or UNKNOWN] += 1
    with read_session(databases.clicks) as session:
        stored = {
            (each.brand_id, each.scope, each.subject_id, each.day): each.persons
            for each in session.scalars(select(ClickDay))
            if each.persons
        }
        facet_rows = {
            (each.link_id, each.day, each.kind, each.value): each.persons
            for each in session.scalars(select(ClickFacet))
        }
    assert stored == dict(days)
    assert facet_rows == dict(values)


def made(at: datetime, link: UUID, visitor: str, referrer: str | None = None) -> NewClick:
    return click(at, visitor, link=link)._replace(referrer_host=referrer, country="DE")


def test_days_are_those_of_each_brand(settings: Settings, databases: Databases, links: Any) -> None:
    """22:30 UTC is 23:30 in Berlin, and 04:00 of the next day in India; 18:30 UTC is midnight there."""
    anna, bob, mugs = links
    write(
        settings,
        made(NOON.replace(hour=22, minute=30), anna, "a"),
        made(NOON.replace(hour=22, minute=40), bob, "b"),
        made(NOON.replace(hour=18, minute=45), mugs, "c"),
        made(NOON.replace(hour=19), mugs, "d"),
    )
    count(databases)
    with read_session(databases.clicks) as session:
        found = Counter({(each.scope, each.day): each.persons for each in session.scalars(select(ClickDay))})
    assert found["link", "2026-11-10"] == found["creator", "2026-11-10"] == 1
    assert found["brand", "2026-11-11"] == 1  # the hour of 18:00 began before midnight in India
    assert_days_are_right(databases)


def test_a_late_click_changes_the_days_and_makes_later_ones_repeats(
    settings: Settings, databases: Databases, links: Any
) -> None:
    """Then the later day may have no visit left, and its facets vanish."""
    midnight = NOON.replace(hour=23)  # in Berlin
    write(settings, made(midnight + timedelta(minutes=30), links[0], "anna"))
    count(databases)
    assert_days_are_right(databases)
    write(settings, made(midnight - HOUR, links[0], "anna", "late.example"))
    count(databases)
    assert len(visits(databases)) == 1
    assert_days_are_right(databases)


def test_days_stay_when_their_clicks_are_deleted(
    settings: Settings, databases: Databases, links: Any
) -> None:
    """Also where no day was computed before: hourly totals are enough."""
    write(settings, made(NOON - timedelta(days=20), links[0], "a"), made(NOON, links[1], "b"))
    count(databases)
    before = rows(databases)
    TotalsRun(databases.clicks).prune(NOON - timedelta(days=10))
    transact(databases.clicks, lambda s: s.execute(update(ClickHour).values(summed=None, faceted=None)))
    count(databases)
    assert rows(databases) == before
    transact(databases.clicks, lambda s: s.execute(delete(ClickDay)))
    transact(databases.clicks, lambda s: s.execute(update(ClickHour).values(summed=None)))
    count(databases)
    assert rows(databases) == before


def rows(databases: Databases) -> tuple[list[Any], list[Any]]:
    with read_session(databases.clicks) as session:
        return tuple(  # type: ignore[return-value]
            sorted(tuple(row) for row in session.execute(select(*model.__table__.columns)))
            for model in (ClickFacet, ClickDay)
        )


def test_nothing_is_computed_again_without_a_count(
    settings: Settings, databases: Databases, links: Any
) -> None:
    write(settings, made(NOON, links[0], "a"))
    count(databases)
    assert (DaysRun(databases).sum_up(), DaysRun(databases).count_facets()) == (0, 0)


def test_rare_values_are_counted_together() -> None:
    counts = Counter({f"host-{number:02}.example": 1 + (number < 50) for number in range(60)})
    kept = most_frequent(counts)
    assert (len(kept), kept[OTHER], kept["host-00.example"]) == (51, 10, 2)
    assert sum(kept.values()) == counts.total()


def test_facets_wait_when_an_hour_is_counted_meanwhile(
    settings: Settings, databases: Databases, links: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(settings, made(NOON, links[0], "a"))
    TotalsRun(databases.clicks).count(START, END)
    count_visits = facets.count_clicks

    def slow(*arguments: Any, **named: Any) -> None:
        count_visits(*arguments, **named)
        monkeypatch.setattr(facets, "count_clicks", count_visits)
        write(settings, made(NOON, links[0], "b", "blog.example"))
        count(databases)

    monkeypatch.setattr(facets, "count_clicks", slow)
    DaysRun(databases).count_facets()
    assert_days_are_right(databases)


def test_concurrent_runs_lead_to_the_same_days(settings: Settings, databases: Databases, links: Any) -> None:
    write(settings, *(made(NOON - n * 5 * HOUR, links[n % 3], f"v{n}") for n in range(20)))
    run_concurrently(*[partial(count, databases)] * 3)
    count(databases)
    assert_days_are_right(databases)


def test_a_run_that_is_killed_at_any_commit_is_finished_by_the_next(
    settings: Settings, databases: Databases, links: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(days_job, "ROWS_PER_WRITE", 1)
    monkeypatch.setattr(days_job, "LINKS_PER_WRITE", 1)
    for number in range(1, 100):
        write(settings, *(made(NOON + n * 13 * HOUR, links[n], f"v{number}-{n}") for n in range(3)))
        if not _killed(databases, number):
            break
        count(databases)
        assert_days_are_right(databases)
    assert number > 20


def _killed(databases: Databases, number: int) -> bool:
    seen = 0

    def crash(_connection: object) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            raise Crash

    event.listen(databases.clicks, "commit", crash)
    try:
        count(databases)
        return False
    except Crash:
        return True
    finally:
        event.remove(databases.clicks, "commit", crash)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(
    batches=st.lists(
        st.lists(
            st.tuples(
                st.integers(-70, 70), st.integers(0, 2), st.sampled_from("abc"), st.sampled_from(REFERRERS)
            ),
            min_size=1,
            max_size=8,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_days_equal_the_sums_over_the_clicks(
    settings: Settings, databases: Databases, links: Any, batches: list[Any]
) -> None:
    """In any order of arrival, counted in between. The clicks of all examples add up."""
    for batch in batches:
        write(settings, *(made(NOON + n * HOUR, links[link], who, host) for n, link, who, host in batch))
        count(databases)
        assert_days_are_right(databases)
