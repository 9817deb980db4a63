"""The spool keeps its clicks through crashes, torn writes and full disks, and returns them in order."""

import errno
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tracker.clicks.traffic import make_click
from tracker.clicks.recording import spool as spool_module
from tracker.clicks.recording.spool import Orphan, Spool, claim_orphan, create_spool
from tracker.clicks.recording.writers import NewClick

SPOOL_BYTES = 64 * 1024


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def spool(folder: Path) -> Iterator[Spool]:
    made = create_spool(folder, SPOOL_BYTES)
    yield made
    made.close()


def clicks_of(orphan: Orphan | None) -> list[NewClick]:
    assert orphan is not None
    found = []
    while batch := orphan.next_clicks(7):
        found += batch
    return found


def write_orphan_in_killed_process(folder: Path, *batches: list[NewClick]) -> None:
    """Fill a spool in a process that is then killed."""
    child = os.fork()
    if child == 0:
        spool = create_spool(folder, SPOOL_BYTES)
        for batch in batches:
            spool.append(batch)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)


def test_the_file_is_fully_allocated_from_the_start(spool: Spool) -> None:
    status = spool.path.stat()
    assert status.st_size == SPOOL_BYTES
    assert status.st_blocks * 512 >= SPOOL_BYTES
    assert status.st_mode & 0o777 == 0o600


def test_clicks_are_read_in_order_and_then_the_spool_is_empty(spool: Spool) -> None:
    clicks = [make_click() for _ in range(10)]
    spool.append(clicks[:6])
    spool.append(clicks[6:])
    first, offset = spool.pending(4)
    spool.mark_drained(offset)
    rest, offset = spool.pending(100)
    spool.mark_drained(offset)
    assert first + rest == clicks
    assert (spool.pending_bytes, spool.pending(100)[0]) == (0, [])


def test_a_new_generation_ignores_records_of_the_former_one(spool: Spool) -> None:
    spool.append([make_click() for _ in range(20)])
    spool.mark_drained(spool.pending(100)[1])
    again = [make_click()]
    spool.append(again)
    assert spool.pending(100)[0] == again


def test_the_spool_of_a_running_process_cannot_be_claimed(folder: Path, spool: Spool) -> None:
    spool.append([make_click()])
    assert claim_orphan(folder) is None


def test_an_orphan_belongs_to_the_holder_of_its_lock(folder: Path) -> None:
    clicks = [make_click() for _ in range(30)]
    write_orphan_in_killed_process(folder, clicks[:10], clicks[10:])
    orphan = claim_orphan(folder)
    assert claim_orphan(folder) is None, "this process owns it already"
    assert clicks_of(orphan) == clicks
    assert orphan is not None
    orphan.release()
    orphan = claim_orphan(folder)
    assert clicks_of(orphan) == clicks
    assert orphan is not None
    orphan.remove()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("damage", ["cut", "flipped", "zeroed"])
def test_reading_stops_at_an_incomplete_record(folder: Path, damage: str) -> None:
    """Only the last write can be incomplete, and its clicks were not acknowledged."""
    clicks = [make_click() for _ in range(3)]
    write_orphan_in_killed_process(folder, clicks)
    [path] = folder.iterdir()
    data = bytearray(path.read_bytes())
    end = len(bytes(data).rstrip(b"\0"))
    if damage == "cut":
        data = data[: end - 3]
    elif damage == "flipped":
        data[end - 3] ^= 1
    else:
        data[end - 100 : end] = bytes(100)
    path.write_bytes(data)
    assert clicks_of(claim_orphan(folder)) == clicks[:2]


def test_an_empty_spool_is_removed_on_close(folder: Path) -> None:
    spool = create_spool(folder, SPOOL_BYTES)
    spool.append([make_click()])
    spool.mark_drained(spool.pending(10)[1])
    spool.close()
    assert list(folder.iterdir()) == []


def test_on_a_full_disk_the_allocated_space_is_still_usable(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(_descriptor: int, _data: bytes, offset: int) -> int:
        if offset >= SPOOL_BYTES:
            raise OSError(errno.ENOSPC, "No space left on device")
        return pwrite(_descriptor, _data, offset)

    pwrite = os.pwrite

    def fill(spool: Spool) -> None:
        while True:
            click = make_click()
            spool.append([click])
            stored.append(click)

    monkeypatch.setattr(os, "pwrite", no_space)
    stored: list[NewClick] = []
    with pytest.raises(OSError, match="No space"):
        fill(spool)
    assert len(stored) > 100
    assert spool.pending(10_000)[0] == stored
    monkeypatch.undo()
    spool.append([make_click()])
    assert len(spool.pending(10_000)[0]) == len(stored) + 1


def test_every_appended_click_is_synced(folder: Path, spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut would leave the content of the file at its last sync."""
    at_sync: list[bytes] = []

    def sync_and_copy(descriptor: int) -> None:
        os.fsync(descriptor)
        at_sync.append(os.pread(descriptor, SPOOL_BYTES, 0))

    monkeypatch.setattr(spool_module, "_sync_data", sync_and_copy)
    clicks = [make_click() for _ in range(10)]
    for number, click in enumerate(clicks, 1):
        spool.append([click])
        (folder / "copy.spool").write_bytes(at_sync[-1])
        orphan = claim_orphan(folder)
        assert clicks_of(orphan) == clicks[:number]
        assert orphan is not None
        orphan.remove()


def test_after_a_failed_sync_appends_are_rejected(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(spool_module, "_sync_data", fail)
    for _ in range(2):
        with pytest.raises(OSError, match=r"error|failed"):
            spool.append([make_click()])
        monkeypatch.undo()
    assert spool.pending_bytes == 0
