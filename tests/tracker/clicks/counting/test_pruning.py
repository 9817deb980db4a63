"""Single clicks go when their time is over; their totals stay for good."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from config.database import Databases
from config.settings import Settings
from tests.tracker.clicks.counting.test_totals import (
    END,
    HOUR,
    NOON,
    Stopped,
    _dies_at,
    click,
    figures,
    hourly,
    write,
)
from tracker.clicks.counting import pruning
from tracker.clicks.counting.totals_run import TotalsRun
from tracker.clicks.models import Click, ClickDoubt, ClickVisitor

SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])


def left(databases: Databases, model: type = Click) -> int:
    with databases.clicks.connect() as connection:
        return connection.scalar(select(func.count()).select_from(model)) or 0


@SQLITE
def test_old_clicks_go_in_batches_and_their_totals_stay(
    settings: Settings, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "BATCH_ROWS", 2)
    old, kept = NOON - timedelta(days=5), NOON + HOUR
    write(settings, *(click(old + n * timedelta(minutes=1)) for n in range(7)), click(kept, "bob"))
    run = TotalsRun(databases.clicks)
    # Nobody has counted them yet: that is done first.
    assert run.prune(NOON) == {"clicks": 7}
    run.count(NOON, END)
    assert (left(databases), left(databases, ClickDoubt), left(databases, ClickVisitor)) == (1, 0, 1)
    assert figures(databases) == {"persons": 2, "repeats": 6}
    assert run.prune(NOON) == {"clicks": 0}


@SQLITE
def test_totals_of_pruned_hours_are_never_made_again(settings: Settings, databases: Databases) -> None:
    old = NOON - timedelta(days=5)
    write(settings, click(old), click(old, "bob"))
    run = TotalsRun(databases.clicks)
    run.prune(NOON)
    before = hourly(databases)
    write(settings, click(old, "somebody who comes months late"))
    assert run.count(old - HOUR, END) == 0
    assert run.prune(NOON) == {"clicks": 1}
    assert hourly(databases) == before


@SQLITE
@pytest.mark.parametrize("times", [1, 2, 3])
def test_pruning_that_dies_half_way_loses_no_figure(
    settings: Settings, databases: Databases, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    monkeypatch.setattr(pruning, "BATCH_ROWS", 2)
    old = NOON - timedelta(days=5)
    write(settings, *(click(old + n * timedelta(minutes=1), f"v{n}") for n in range(7)))
    run = TotalsRun(databases.clicks)
    with monkeypatch.context() as patched:
        patched.setattr(pruning, "delete_clicks", _dies_at(pruning.delete_clicks, times))
        with pytest.raises(Stopped):
            run.prune(NOON)
    assert run.count(old - HOUR, END) == 0
    run.prune(NOON)
    assert left(databases) == 0
    assert figures(databases) == {"persons": 7}
