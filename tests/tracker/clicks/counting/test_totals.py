"""Totals match the clicks after late clicks, repeated runs and crashes; on both databases."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from config.database import Databases
from config.settings import Settings
from tests.tracker.clicks.traffic import DEADLINE_S
from tracker.clicks.counting import hourly_totals as totals
from tracker.clicks.counting import totals_job as totals_run
from tracker.clicks.counting.totals_job import TotalsRun
from tracker.clicks.counting.visits import COLUMN_BY_DOUBT, COLUMN_BY_VERDICT, TOTAL_COLUMNS, hour_of
from tracker.clicks.models import (
    Click,
    ClickConfirmation,
    ClickDoubt,
    ClickHour,
    ClickTotal,
    ClickVisitor,
)
from tracker.clicks.recording.recorder import Recorder
from tracker.clicks.recording.writers import NewClick
from tracker.ids import new_uuid, uuid_time

NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
START = NOON - timedelta(days=3)
END = NOON + timedelta(days=3)
HOUR = timedelta(hours=1)
LINK, OTHER = UUID(int=1), UUID(int=2)


def click(at: datetime, visitor: str | None = "anna", verdict: str = "person", link: UUID = LINK) -> NewClick:
    """A visitor hash is of one day; a click also has the hash of the day before."""
    today, before = (f"{visitor}:{link.int}:{day.date()}" for day in (at, at - timedelta(days=1)))
    made = NewClick(new_uuid(at), link, verdict, "a test", "phone", None, None, network="net")
    return made._replace(visitor=today, visitor_before=before) if visitor else made


def write(settings: Settings, *clicks: NewClick) -> None:
    recorder = Recorder(settings.clicks_url)
    assert [future.result(DEADLINE_S) for future in map(recorder.submit, clicks)] == [True] * len(clicks)
    recorder.close()


def link_counts(databases: Databases, link: UUID = LINK) -> dict[str, int]:
    with databases.clicks.connect() as connection:
        columns = [func.coalesce(func.sum(ClickTotal.__table__.c[name]), 0) for name in TOTAL_COLUMNS]
        row = connection.execute(select(*columns).where(ClickTotal.link_id == link)).one()
    return {name: int(number) for name, number in zip(TOTAL_COLUMNS, row, strict=True) if number}


def hourly_counts(databases: Databases) -> dict[tuple[UUID, datetime], dict[str, int]]:
    with databases.clicks.connect() as connection:
        rows = connection.execute(select(ClickTotal.__table__)).mappings().all()
    found = {}
    for row in rows:
        numbers = {name: row[name] for name in TOTAL_COLUMNS if row[name]}
        found[row["link_id"], row["hour"]] = numbers
    return found


def counts_from_clicks(databases: Databases) -> dict[tuple[UUID, datetime], dict[str, int]]:
    """What hourly_counts must return, computed from single clicks and their doubts."""
    with databases.clicks.connect() as connection:
        doubts = {each.click_id: each.kind for each in connection.execute(select(ClickDoubt.__table__))}
        clicks = connection.execute(select(Click.id, Click.link_id, Click.verdict)).all()
        confirmed = set(connection.scalars(select(ClickConfirmation.click_id)))
    found: dict[tuple[UUID, datetime], Counter[str]] = {}
    for each in clicks:
        column = (
            COLUMN_BY_DOUBT[doubts.pop(each.id)] if each.id in doubts else COLUMN_BY_VERDICT[each.verdict]
        )
        if each.id in confirmed and column == "unconfirmed":
            column = "persons"
        found.setdefault((each.link_id, hour_of(uuid_time(each.id))), Counter())[column] += 1
    assert doubts == {}, "a doubt about a click that does not exist or is a machine's"
    return {key: dict(numbers) for key, numbers in found.items()}


def test_persons_repeats_and_machines_are_counted_separately(
    settings: Settings, databases: Databases
) -> None:
    write(
        settings,
        click(NOON),
        click(NOON + timedelta(minutes=5)),
        click(NOON + HOUR),
        click(NOON, "bob"),
        click(NOON, None, "crawler"),
        click(NOON, None, "unconfirmed"),
        click(NOON, "anna", link=OTHER),
    )
    assert TotalsRun(databases.clicks).count(START, END) == 2
    assert link_counts(databases) == {"persons": 2, "repeats": 2, "crawlers": 1, "unconfirmed": 1}
    assert link_counts(databases, OTHER) == {"persons": 1}
    assert hourly_counts(databases) == counts_from_clicks(databases)


def test_a_confirmed_prerender_is_a_visit_and_later_clicks_are_repeats(
    settings: Settings, databases: Databases
) -> None:
    shown, unseen = click(NOON, verdict="unconfirmed"), click(NOON, "bob", "unconfirmed")
    crawler = click(NOON, None, "crawler")
    write(settings, shown, unseen, crawler, click(NOON + 2 * HOUR))
    run = TotalsRun(databases.clicks)
    run.count(START, END)
    assert link_counts(databases) == {"persons": 1, "unconfirmed": 2, "crawlers": 1}
    unknown = click(NOON).id
    assert run.confirm([shown.id, crawler.id, unknown], "a test") == 1
    assert run.confirm([shown.id], "a test") == 0
    run.count(START, END)
    assert link_counts(databases) == {"persons": 1, "repeats": 1, "unconfirmed": 1, "crawlers": 1}
    assert hourly_counts(databases) == counts_from_clicks(databases)
    assert run.count(START, END) == 0
    run.prune(END)
    with databases.clicks.connect() as connection:
        assert connection.execute(select(ClickConfirmation)).all() == []
    assert link_counts(databases) == {"persons": 1, "repeats": 1, "unconfirmed": 1, "crawlers": 1}


def test_a_repeat_across_midnight_is_detected_for_24_hours(settings: Settings, databases: Databases) -> None:
    evening = NOON.replace(hour=23, minute=30)
    write(settings, click(evening), click(evening + HOUR), click(evening + timedelta(hours=49)))
    TotalsRun(databases.clicks).count(START, END)
    assert link_counts(databases) == {"persons": 2, "repeats": 1}


def test_counting_again_recounts_and_changes_nothing(settings: Settings, databases: Databases) -> None:
    write(settings, click(NOON), click(NOON + HOUR, "bob"))
    run = TotalsRun(databases.clicks)
    assert run.count(START, END) == 2
    before = hourly_counts(databases)
    assert run.count(START, END) == 0
    assert hourly_counts(databases) == before


def test_a_click_recorded_hours_late_turns_later_ones_into_repeats(
    settings: Settings, databases: Databases
) -> None:
    run = TotalsRun(databases.clicks)
    write(settings, click(NOON), click(NOON + 20 * HOUR), click(NOON + 5 * HOUR, "bob"))
    run.count(START, END)
    assert link_counts(databases) == {"persons": 2, "repeats": 1}
    # A spool that is drained late contains the earliest clicks.
    write(settings, click(NOON - 2 * HOUR), click(NOON - HOUR, "bob"))
    assert run.count(NOON - 3 * HOUR, END) == 5
    assert link_counts(databases) == {"persons": 2, "repeats": 3}
    assert hourly_counts(databases) == counts_from_clicks(databases)


@pytest.mark.parametrize("database_kind", ["sqlite"])
@given(
    st.lists(
        st.tuples(st.integers(0, 50 * 60), st.sampled_from(["a", "b", "c"]), st.sampled_from([LINK, OTHER])),
        max_size=14,
    ),
    st.randoms(use_true_random=False),
)
@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_totals_do_not_depend_on_the_order_of_arrival(
    settings: Settings, databases: Databases, visits: list[tuple[int, str, UUID]], rng: Any
) -> None:
    clicks = [click(START + timedelta(minutes=at), visitor, link=link) for at, visitor, link in visits]
    run = TotalsRun(databases.clicks)
    in_order = counted(settings, databases, run, [clicks])
    rng.shuffle(clicks)
    assert counted(settings, databases, run, [clicks[::2], clicks[1::2]]) == in_order
    assert hourly_counts(databases) == counts_from_clicks(databases)


def counted(settings: Settings, databases: Databases, run: TotalsRun, batches: list[list[NewClick]]) -> Any:
    with databases.clicks.begin() as connection:
        for model in (Click, ClickTotal, ClickConfirmation, ClickDoubt, ClickHour, ClickVisitor):
            connection.execute(delete(model))
    for batch in batches:
        write(settings, *batch)
        run.count(START - timedelta(days=1), END)
    return hourly_counts(databases)


class SimulatedCrash(Exception):
    """Raised where the process would have crashed."""


@pytest.mark.parametrize("step", ["update_visitors", "write_doubts", "write_totals", "finish_hours"])
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("page_rows", [2, 1000], ids=["page by page", "at once"])
def test_the_next_run_completes_one_that_crashed_at_any_step(
    settings: Settings,
    databases: Databases,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    times: int,
    page_rows: int,
) -> None:
    monkeypatch.setattr(totals, "PAGE_ROWS", page_rows)
    monkeypatch.setattr(totals_run, "BATCH_SIZE", 1)
    write(settings, *(click(NOON + n * timedelta(hours=1), link=(LINK, OTHER)[n % 2]) for n in range(24)))
    with monkeypatch.context() as patched:
        patched.setattr(totals, step, _crash_after(getattr(totals, step), times))
        with pytest.raises(SimulatedCrash):
            TotalsRun(databases.clicks).count(START, END)
    assert TotalsRun(databases.clicks).count(START, END) >= 1
    assert link_counts(databases) == {"persons": 1, "repeats": 11}
    assert hourly_counts(databases) == counts_from_clicks(databases)


def _crash_after(step: Callable[..., Any], times: int) -> Callable[..., Any]:
    calls = []

    def crashing(*arguments: Any, **named: Any) -> Any:
        result = step(*arguments, **named)
        calls.append(1)
        if len(calls) == times:
            raise SimulatedCrash
        return result

    return crashing


def test_a_run_stops_when_it_lost_its_lease(settings: Settings, databases: Databases) -> None:
    write(settings, click(NOON))

    def taken_over() -> None:
        raise SimulatedCrash

    with pytest.raises(SimulatedCrash):
        TotalsRun(databases.clicks, taken_over).count(START, END)
    assert hourly_counts(databases) == {}


def test_a_late_click_recounts_the_next_24_hours_only(settings: Settings, databases: Databases) -> None:
    write(settings, *(click(START + n * HOUR, f"v{n}") for n in range(60)))
    run = TotalsRun(databases.clicks)
    assert run.count(START, END) == 60
    write(settings, click(START + timedelta(minutes=1), "late"))
    assert run.count(START, END) == 25
    assert run.count(START, END) == 0


def test_hours_after_the_end_are_not_counted(settings: Settings, databases: Databases) -> None:
    write(settings, click(NOON), click(NOON + 2 * HOUR, "bob"))
    assert TotalsRun(databases.clicks).count(START, NOON + HOUR) == 1


def test_many_clicks_are_counted_in_slices() -> None:
    for rows, parts in ((0, 1), (20_000, 1), (20_001, 24), (10**6, 1440), (10**12, 86_400)):
        cut = totals.slices(NOON, NOON + HOUR, rows)
        assert (len(cut), cut[0][0], cut[-1][1]) == (parts, NOON, NOON + HOUR)
        assert all(end == start for (_, end), (start, _) in zip(cut, cut[1:], strict=False))
