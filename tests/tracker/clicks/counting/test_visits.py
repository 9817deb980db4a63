"""Which clicks of an hour are visits."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tracker.clicks.counting.visits import FLOOD_PER_HOUR, ClickSpan, HourCount, Row, hour_of, visitor_spans
from tracker.clicks.models import VERDICTS
from tracker.ids import new_uuid

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
LINK = UUID(int=1)


def row(at: datetime, visitor: str | None, before: str | None = None, network: str | None = None) -> Row:
    return Row(new_uuid(at), LINK, "person", visitor, before, network)


def link_counts(rows: list[Row], earlier: dict[str, ClickSpan] | None = None) -> dict[str, int]:
    count = HourCount()
    count.add(rows, (earlier or {}) | visitor_spans(rows))
    return dict(count.totals.get(LINK, {}))


def test_the_first_click_of_a_visitor_counts_and_its_repeats_do_not() -> None:
    rows = [row(NOON + timedelta(seconds=n), "anna") for n in range(3)] + [row(NOON, "bob")]
    assert link_counts(sorted(rows)) == {"persons": 2, "repeats": 2}


def test_a_visitor_of_the_day_before_repeats_within_24_hours_and_not_later() -> None:
    last = new_uuid(NOON - timedelta(hours=23))
    earlier = {"yesterday": ClickSpan(last, last)}
    soon, late = row(NOON, "today", "yesterday"), row(NOON + timedelta(hours=1), "today", "yesterday")
    assert link_counts([soon], earlier) == {"repeats": 1}
    assert link_counts([late], earlier) == {"persons": 1}


def test_clicks_without_a_visitor_hash_are_never_repeats() -> None:
    assert link_counts([row(NOON, None), row(NOON, None)]) == {"persons": 2}


def test_visits_from_one_network_are_capped_per_hour() -> None:
    rows = [row(NOON + timedelta(seconds=n), f"v{n}", None, "net") for n in range(FLOOD_PER_HOUR + 7)]
    others = [row(NOON + timedelta(seconds=n), f"w{n}", None, f"net{n}") for n in range(5)]
    assert link_counts(sorted(rows + others)) == {"persons": FLOOD_PER_HOUR + 5, "floods": 7}


def test_a_doubt_names_the_click_and_the_reason() -> None:
    rows = [row(NOON, "anna"), row(NOON + timedelta(seconds=1), "anna")]
    [(click_id, doubt)] = HourCount().add(rows, visitor_spans(rows)).items()
    assert (click_id, doubt.kind) == (rows[1].id, "repeat")
    assert "24 hours" in doubt.reason


MACHINES = st.sampled_from([verdict for verdict in VERDICTS if verdict != "person"])
VISITORS = st.sampled_from(["a", "b", None])
CLICKS = st.lists(st.tuples(st.one_of(MACHINES, st.just("person")), VISITORS), max_size=30)


@given(CLICKS, st.integers(1, 30))
def test_the_page_size_does_not_change_the_count(clicks: list[tuple[str, str | None]], size: int) -> None:
    rows = [
        Row(new_uuid(NOON + timedelta(seconds=n)), LINK, verdict, visitor, None, "net")
        for n, (verdict, visitor) in enumerate(clicks)
    ]
    whole, paged = HourCount(), HourCount()
    doubts = whole.add(rows, visitor_spans(rows))
    for start in range(0, len(rows), size):
        paged.add(rows[start : start + size], visitor_spans(rows))
    assert whole.totals == paged.totals
    assert whole.rows == len(rows) == sum(whole.totals.get(LINK, {}).values())
    people = {visitor for verdict, visitor in clicks if verdict == "person"}
    assert all(each.id not in doubts for each in rows if each.verdict != "person")
    without_hash = sum(verdict == "person" and visitor is None for verdict, visitor in clicks)
    assert whole.totals.get(LINK, Counter())["persons"] == len(people - {None}) + without_hash


def test_hour_of_truncates_to_the_full_hour() -> None:
    assert hour_of(NOON + timedelta(minutes=59, microseconds=1)) == NOON
