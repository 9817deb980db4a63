"""On SQLite with synchronous=FULL, a power cut at any moment loses no acknowledged click."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import apsw
import pytest

from config.settings import Settings
from tests.tracker.clicks.recording.power_cut import PowerCut
from tests.tracker.clicks.traffic import DEADLINE_S, make_click
from tracker.clicks.recording.recorder import Recorder
from tracker.clicks.recording.writers import BatchWriter, SqliteWriter

VISITORS = 4
CUTS = 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[PowerCut]:
    made = PowerCut(f"power-cut-{tmp_path.name}")
    yield made
    made.unregister()


def recorder_on(disk: PowerCut, settings: Settings, synchronous: str) -> Recorder:
    path = Path(settings.clicks_url.removeprefix("sqlite:///"))

    def open_writer(_clicks_url: str) -> BatchWriter:
        connection = apsw.Connection(str(path), vfs=disk.name)
        # A file system in Python has no shared memory, so the WAL needs exclusive locking.
        for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", f"synchronous={synchronous}"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        return SqliteWriter(connection, path.with_suffix(".lock"))

    return Recorder(settings.clicks_url, open_writer)


def lost_at_cuts(disk: PowerCut, settings: Settings, tmp_path: Path, synchronous: str) -> list[int]:
    """How many acknowledged clicks each of CUTS power cuts loses, under constant load."""
    recorder = recorder_on(disk, settings, synchronous)
    acknowledged: list[UUID] = []
    stop_event = threading.Event()

    def visit() -> None:
        while not stop_event.is_set():
            click = make_click()
            if recorder.record(click, DEADLINE_S):
                acknowledged.append(click.id)

    visitors = [threading.Thread(target=visit) for _ in range(VISITORS)]
    for visitor in visitors:
        visitor.start()
    lost = []
    for number in range(CUTS):
        assert recorder.record(make_click(), DEADLINE_S)
        known = list(acknowledged)  # before the cut: later clicks need not survive it
        disk.write_survivors(tmp_path / f"after-{number}")
        lost.append(len(set(known) - clicks_in(tmp_path / f"after-{number}" / "clicks.db")))
    stop_event.set()
    for visitor in visitors:
        visitor.join(DEADLINE_S)
    recorder.close()
    assert len(acknowledged) > CUTS
    return lost


def clicks_in(path: Path) -> set[UUID]:
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {UUID(bytes=row[0]) for row in connection.execute("SELECT id FROM click")}
    finally:
        connection.close()


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_power_cut_loses_no_acknowledged_click(settings: Settings, disk: PowerCut, tmp_path: Path) -> None:
    assert lost_at_cuts(disk, settings, tmp_path, "FULL") == [0] * CUTS


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_power_cut_loses_clicks_with_less_than_full_sync(
    settings: Settings, disk: PowerCut, tmp_path: Path
) -> None:
    assert sum(lost_at_cuts(disk, settings, tmp_path, "NORMAL")) > 0
