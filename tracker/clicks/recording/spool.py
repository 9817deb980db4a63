"""The spool: a file per process that stores clicks while the database is late, synced before a response.

The file is preallocated with zeros, so it accepts clicks when the disk is full. The process that
holds the lock of a file owns it: its process for life, and after that whoever gets the lock. Process ids and
ages decide nothing.

A record is a length, a CRC-32, the number of the round and the click in JSON. A round ends when everything
has been drained: the next begins at the start of the file, over records whose number is then another.
Reading stops at the first record that is not whole or of another round; nobody was answered for what is
behind it.
"""

import fcntl
import itertools
import json
import os
import secrets
import struct
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from tracker.clicks.recording.writers import NewClick

SUFFIX = ".spool"
DEFAULT_SPOOL_BYTES = 16 * 1024 * 1024
"""About sixty thousand clicks for each process; more when the disk has it."""

GROWTH_BYTES = 4 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
_RECORD_HEADER = struct.Struct(">IIQ")
_NAMES = NewClick._fields
_sync_data = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


class SpoolBroken(OSError):
    """A write to the file failed, so nobody knows what of it is on the disk; it takes no more clicks."""


class Spool:
    """One file. Any thread may append; one thread drains, with `waiting` and `drained`."""

    def __init__(self, path: Path, descriptor: int, capacity_bytes: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._initial_capacity_bytes = self._capacity_bytes = capacity_bytes
        self._lock = threading.Lock()
        self._generation = secrets.randbits(64)
        self._begin = self._end = 0
        self._pending_since = 0.0
        self._broken = False

    @property
    def pending_bytes(self) -> int:
        return self._end - self._begin

    @property
    def age_s(self) -> float:
        """How long something has been waiting in it; 0 when it is empty."""
        return time.monotonic() - self._pending_since if self.pending_bytes else 0.0

    @property
    def broken(self) -> bool:
        """Takes no more clicks, for good. What it has taken can be drained."""
        return self._broken

    def append(self, clicks: Sequence[NewClick]) -> None:
        """Returns when the clicks are on the disk. Raises OSError when they cannot be kept."""
        with self._lock:
            if self._broken:
                raise SpoolBroken("a write to the spool failed before")
            data = b"".join(_encode_record(click, self._generation) for click in clicks)
            if self._end + len(data) > self._capacity_bytes:
                self._grow(len(data))
            try:
                _write_all(self._descriptor, data, self._end)
                _sync_data(self._descriptor)
            except OSError:
                self._broken = True  # after a failed fsync a second one may succeed although data is lost
                raise
            if self._begin == self._end:
                self._pending_since = time.monotonic()
            self._end += len(data)

    def waiting(self, most: int) -> tuple[list[NewClick], int]:
        """The oldest clicks, and what to tell `drained` when they are in the database."""
        data = os.pread(self._descriptor, min(self._end - self._begin, _CHUNK_BYTES), self._begin)
        clicks: list[NewClick] = []
        place = 0
        for click, place in _decode_records(data):  # noqa: B007 - the last place counts
            clicks.append(click)
            if len(clicks) == most:
                break
        return clicks, self._begin + place

    def drained(self, place: int) -> None:
        """Everything before `place` is in the database. When that is all, the file is empty again."""
        with self._lock:
            self._begin = place
            if self._begin < self._end:
                return
            self._generation = secrets.randbits(64)
            self._begin = self._end = 0
            with suppress(OSError):  # the records would be drained once more, which does no harm
                os.pwrite(self._descriptor, bytes(_RECORD_HEADER.size), 0)
                _sync_data(self._descriptor)
                if self._capacity_bytes > self._initial_capacity_bytes:
                    os.ftruncate(self._descriptor, self._initial_capacity_bytes)
                    self._capacity_bytes = self._initial_capacity_bytes

    def close(self) -> None:
        """Give it up: an empty file is removed, one with clicks is left to whoever takes the lock next."""
        with self._lock:
            if self._begin == self._end:
                self.path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._broken = True

    def abandon(self) -> None:
        """In a forked child: let go of the lock that it shares with its parent."""
        os.close(self._descriptor)

    def _grow(self, wanted: int) -> None:
        growth = max(GROWTH_BYTES, wanted)
        _fill_with_zeros(self._descriptor, self._capacity_bytes, growth)
        os.fsync(self._descriptor)
        self._capacity_bytes += growth


def create_spool(folder: Path, capacity_bytes: int = DEFAULT_SPOOL_BYTES) -> Spool:
    """A new file, locked, its room on the disk. Raises OSError when there is no room."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    while True:
        path = folder / f"{secrets.token_hex(8)}{SUFFIX}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink == 0:
                os.close(descriptor)  # another process claimed the file before we locked it
                continue
            _fill_with_zeros(descriptor, 0, capacity_bytes)
            os.fsync(descriptor)
            for place in (folder, folder.parent):
                _sync_folder(place)
        except BaseException:
            path.unlink(missing_ok=True)
            os.close(descriptor)
            raise
        return Spool(path, descriptor, capacity_bytes)


class Orphan:
    """A file whose process is gone, and which is ours now."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path, self._descriptor = path, descriptor
        data = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        self._clicks = (click for click, _ in _decode_records(data))

    def next(self, most: int) -> list[NewClick]:
        """The next clicks in it; none when all have been given out."""
        return list(itertools.islice(self._clicks, most))

    def remove(self) -> None:
        """Everything in it is in the database."""
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def release(self) -> None:
        """For another time, or another process."""
        os.close(self._descriptor)


def claim_orphan(folder: Path) -> Orphan | None:
    """One file that nobody owns, if there is one. Nobody else gets it until it is removed or left."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            continue
        if os.fstat(descriptor).st_nlink:
            return Orphan(path, descriptor)
        os.close(descriptor)  # another was here first, and has drained it
    return None


def _encode_record(click: NewClick, number: int) -> bytes:
    values = {name: getattr(click, name) for name in _NAMES}
    payload = json.dumps(values, default=_encode_value, separators=(",", ":")).encode()
    return _RECORD_HEADER.pack(len(payload), _checksum(number, payload), number) + payload


def _decode_records(data: bytes) -> Iterator[tuple[NewClick, int]]:
    """The whole records of the first round, each with the place behind it."""
    place, first = 0, None
    while place + _RECORD_HEADER.size <= len(data):
        length, checksum, number = _RECORD_HEADER.unpack_from(data, place)
        payload = data[place + _RECORD_HEADER.size : place + _RECORD_HEADER.size + length]
        first = number if first is None else first
        if not length or number != first or len(payload) != length:
            return
        if _checksum(number, payload) != checksum:
            return
        place += _RECORD_HEADER.size + length
        values = json.loads(payload, object_hook=_decode_value)
        # A newer version may find a file of an older one: what that did not know is None.
        yield NewClick(**{name: values.get(name) for name in _NAMES}), place


def _checksum(number: int, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(number.to_bytes(8, "big")))


def _encode_value(value: Any) -> dict[str, str]:
    if isinstance(value, UUID):
        return {"uuid": value.hex}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    raise TypeError(f"a {type(value).__name__} cannot be kept in the spool")


def _decode_value(value: dict[str, Any]) -> Any:
    if value.keys() == {"uuid"}:
        return UUID(hex=value["uuid"])
    if value.keys() == {"bytes"}:
        return bytes.fromhex(value["bytes"])
    return value


def _fill_with_zeros(descriptor: int, start: int, length: int) -> None:
    """Written, not only reserved: a first write to reserved room can still need room for its book-keeping."""
    zeros = bytes(min(length, _CHUNK_BYTES))
    for place in range(start, start + length, _CHUNK_BYTES):
        _write_all(descriptor, zeros[: min(_CHUNK_BYTES, start + length - place)], place)


def _write_all(descriptor: int, data: bytes, place: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, place)
        view, place = view[written:], place + written


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
