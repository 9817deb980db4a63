"""The spool keeps what it took, through crashes, torn writes and full disks, and gives it out in order."""

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
    while some := orphan.next(7):
        found += some
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
    first, place = spool.waiting(4)
    spool.drained(place)
    rest, place = spool.waiting(100)
    spool.drained(place)
    assert first + rest == clicks
    assert (spool.pending_bytes, spool.waiting(100)[0]) == (0, [])


def test_a_new_generation_ignores_records_of_the_former_one(spool: Spool) -> None:
    spool.append([make_click() for _ in range(20)])
    spool.drained(spool.waiting(100)[1])
    again = [make_click()]
    spool.append(again)
    assert spool.waiting(100)[0] == again


def test_the_spool_of_a_running_process_cannot_be_claimed(folder: Path, spool: Spool) -> None:
    spool.append([make_click()])
    assert claim_orphan(folder) is None


def test_an_orphan_belongs_to_the_holder_of_its_lock(folder: Path) -> None:
    clicks = [make_click() for _ in range(30)]
    write_orphan_in_killed_process(folder, clicks[:10], clicks[10:])
    orphan = claim_orphan(folder)
    assert claim_orphan(folder) is None, "it has an owner"
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
    """Only the last sync can be half done, and nobody was answered for it."""
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
    spool.drained(spool.waiting(10)[1])
    spool.close()
    assert list(folder.iterdir()) == []


def test_on_a_full_disk_the_allocated_space_is_still_usable(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(_descriptor: int, _data: bytes, place: int) -> int:
        if place >= SPOOL_BYTES:
            raise OSError(errno.ENOSPC, "No space left on device")
        return pwrite(_descriptor, _data, place)

    pwrite = os.pwrite

    def fill(spool: Spool) -> None:
        while True:
            click = make_click()
            spool.append([click])
            kept.append(click)

    monkeypatch.setattr(os, "pwrite", no_space)
    kept: list[NewClick] = []
    with pytest.raises(OSError, match="No space"):
        fill(spool)
    assert len(kept) > 100
    assert spool.waiting(10_000)[0] == kept
    monkeypatch.undo()
    spool.append([make_click()])
    assert len(spool.waiting(10_000)[0]) == len(kept) + 1


def test_a_confirmed_click_is_synced(folder: Path, spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the file held at its last sync is what a power cut would leave."""
    at_sync: list[bytes] = []

    def sync_and_look(descriptor: int) -> None:
        os.fsync(descriptor)
        at_sync.append(os.pread(descriptor, SPOOL_BYTES, 0))

    monkeypatch.setattr(spool_module, "_sync_data", sync_and_look)
    clicks = [make_click() for _ in range(10)]
    for number, click in enumerate(clicks, 1):
        spool.append([click])
        (folder / "left.spool").write_bytes(at_sync[-1])
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
