"""Clicks are deleted after their retention; their totals remain forever."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from config.database import Databases
from config.settings import Settings
from tests.tracker.clicks.counting.test_totals import (
    END,
    HOUR,
    NOON,
    SimulatedCrash,
    _crash_after,
    click,
    hourly_counts,
    link_counts,
    write,
)
from tracker.clicks.counting import pruning
from tracker.clicks.counting.totals_job import TotalsRun
from tracker.clicks.models import Click, ClickDoubt, ClickVisitor

SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])


def stored_rows(databases: Databases, model: type = Click) -> int:
    with databases.clicks.connect() as connection:
        return connection.scalar(select(func.count()).select_from(model)) or 0


@SQLITE
def test_old_clicks_are_deleted_in_batches_and_totals_stay(
    settings: Settings, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "BATCH_ROWS", 2)
    old, recent = NOON - timedelta(days=5), NOON + HOUR
    write(settings, *(click(old + n * timedelta(minutes=1)) for n in range(7)), click(recent, "bob"))
    run = TotalsRun(databases.clicks)
    # They have no totals yet: pruning counts them first.
    assert run.prune(NOON) == {"clicks": 7}
    run.count(NOON, END)
    assert (
        stored_rows(databases),
        stored_rows(databases, ClickDoubt),
        stored_rows(databases, ClickVisitor),
    ) == (1, 0, 1)
    assert link_counts(databases) == {"persons": 2, "repeats": 6}
    assert run.prune(NOON) == {"clicks": 0}


@SQLITE
def test_totals_of_pruned_hours_are_never_recounted(settings: Settings, databases: Databases) -> None:
    old = NOON - timedelta(days=5)
    write(settings, click(old), click(old, "bob"))
    run = TotalsRun(databases.clicks)
    run.prune(NOON)
    before = hourly_counts(databases)
    write(settings, click(old, "recorded months late"))
    assert run.count(old - HOUR, END) == 0
    assert run.prune(NOON) == {"clicks": 1}
    assert hourly_counts(databases) == before


@SQLITE
@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_crash_while_pruning_loses_no_totals(
    settings: Settings, databases: Databases, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    monkeypatch.setattr(pruning, "BATCH_ROWS", 2)
    old = NOON - timedelta(days=5)
    write(settings, *(click(old + n * timedelta(minutes=1), f"v{n}") for n in range(7)))
    run = TotalsRun(databases.clicks)
    with monkeypatch.context() as patched:
        patched.setattr(pruning, "delete_clicks", _crash_after(pruning.delete_clicks, times))
        with pytest.raises(SimulatedCrash):
            run.prune(NOON)
    assert run.count(old - HOUR, END) == 0
    run.prune(NOON)
    assert stored_rows(databases) == 0
    assert link_counts(databases) == {"persons": 7}
