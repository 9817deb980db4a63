"""The spool keeps what it took, through crashes, torn writes and full disks, and gives it out in order."""

import errno
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tracker.clicks.traffic import a_click
from tracker.clicks.recording import spool as spool_module
from tracker.clicks.recording.spool import Orphan, Spool, make_spool, take_orphan
from tracker.clicks.recording.writers import NewClick

ROOM_BYTES = 64 * 1024


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def spool(folder: Path) -> Iterator[Spool]:
    made = make_spool(folder, ROOM_BYTES)
    yield made
    made.close()


def clicks_of(orphan: Orphan | None) -> list[NewClick]:
    assert orphan is not None
    found = []
    while some := orphan.next(7):
        found += some
    return found


def left_by_a_dead_process(folder: Path, *batches: list[NewClick]) -> None:
    """Fill a spool in a process that is then killed."""
    child = os.fork()
    if child == 0:
        spool = make_spool(folder, ROOM_BYTES)
        for batch in batches:
            spool.append(batch)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)


def test_its_room_is_on_the_disk_from_the_start(spool: Spool) -> None:
    status = spool.path.stat()
    assert status.st_size == ROOM_BYTES
    assert status.st_blocks * 512 >= ROOM_BYTES
    assert status.st_mode & 0o777 == 0o600


def test_what_went_in_comes_out_in_order_and_then_it_is_empty(spool: Spool) -> None:
    clicks = [a_click() for _ in range(10)]
    spool.append(clicks[:6])
    spool.append(clicks[6:])
    first, place = spool.waiting(4)
    spool.drained(place)
    rest, place = spool.waiting(100)
    spool.drained(place)
    assert first + rest == clicks
    assert (spool.waiting_bytes, spool.waiting(100)[0]) == (0, [])


def test_a_second_round_is_not_mixed_up_with_what_the_first_left_in_the_file(spool: Spool) -> None:
    spool.append([a_click() for _ in range(20)])
    spool.drained(spool.waiting(100)[1])
    again = [a_click()]
    spool.append(again)
    assert spool.waiting(100)[0] == again


def test_a_living_process_keeps_its_spool(folder: Path, spool: Spool) -> None:
    spool.append([a_click()])
    assert take_orphan(folder) is None


def test_whoever_gets_the_lock_owns_what_a_dead_process_left(folder: Path) -> None:
    clicks = [a_click() for _ in range(30)]
    left_by_a_dead_process(folder, clicks[:10], clicks[10:])
    orphan = take_orphan(folder)
    assert take_orphan(folder) is None, "it has an owner"
    assert clicks_of(orphan) == clicks
    assert orphan is not None
    orphan.leave()
    orphan = take_orphan(folder)
    assert clicks_of(orphan) == clicks
    assert orphan is not None
    orphan.remove()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("damage", ["cut", "flipped", "zeroed"])
def test_a_record_that_is_not_whole_ends_the_reading(folder: Path, damage: str) -> None:
    """Only the last sync can be half done, and nobody was answered for it."""
    clicks = [a_click() for _ in range(3)]
    left_by_a_dead_process(folder, clicks)
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
    assert clicks_of(take_orphan(folder)) == clicks[:2]


def test_an_empty_spool_goes_with_its_process(folder: Path) -> None:
    spool = make_spool(folder, ROOM_BYTES)
    spool.append([a_click()])
    spool.drained(spool.waiting(10)[1])
    spool.close()
    assert list(folder.iterdir()) == []


def test_a_full_disk_takes_clicks_until_the_room_is_used_up(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(_descriptor: int, _data: bytes, place: int) -> int:
        if place >= ROOM_BYTES:
            raise OSError(errno.ENOSPC, "No space left on device")
        return pwrite(_descriptor, _data, place)

    pwrite = os.pwrite

    def fill(spool: Spool) -> None:
        while True:
            click = a_click()
            spool.append([click])
            kept.append(click)

    monkeypatch.setattr(os, "pwrite", no_space)
    kept: list[NewClick] = []
    with pytest.raises(OSError, match="No space"):
        fill(spool)
    assert len(kept) > 100
    assert spool.waiting(10_000)[0] == kept
    monkeypatch.undo()
    spool.append([a_click()])
    assert len(spool.waiting(10_000)[0]) == len(kept) + 1


def test_whoever_is_answered_has_his_click_synced(
    folder: Path, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the file held at its last sync is what a power cut would leave."""
    at_sync: list[bytes] = []

    def sync_and_look(descriptor: int) -> None:
        os.fsync(descriptor)
        at_sync.append(os.pread(descriptor, ROOM_BYTES, 0))

    monkeypatch.setattr(spool_module, "_sync_data", sync_and_look)
    clicks = [a_click() for _ in range(10)]
    for number, click in enumerate(clicks, 1):
        spool.append([click])
        (folder / "left.spool").write_bytes(at_sync[-1])
        orphan = take_orphan(folder)
        assert clicks_of(orphan) == clicks[:number]
        assert orphan is not None
        orphan.remove()


def test_after_a_failed_sync_it_takes_nothing_more(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(spool_module, "_sync_data", fail)
    for _ in range(2):
        with pytest.raises(OSError, match=r"error|failed"):
            spool.append([a_click()])
        monkeypatch.undo()
    assert spool.waiting_bytes == 0
