"""The spool: a file per process that stores clicks while the database is late, synced before a response.

The file is preallocated with zeros, so it accepts clicks when the disk is full. The process that holds the
lock of a file owns it: the process that created it, and after that process ended the next one to get the
lock. Process ids and file ages play no role.

A record is a length, a CRC-32, the generation and the click in JSON. When everything has been drained, a new
generation begins at the start of the file and overwrites records of the former one. Reading stops at the
first record that is incomplete or of another generation; no click behind it was acknowledged.
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
"""About sixty thousand clicks for each process; the file grows while the disk has space."""

GROWTH_BYTES = 4 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
_RECORD_HEADER = struct.Struct(">IIQ")
_NAMES = NewClick._fields
_sync_data = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


class SpoolBroken(OSError):
    """A write to the file failed, so its content on disk is unknown; it accepts no more clicks."""


class Spool:
    """One file. Any thread may append; one thread drains it, with `pending` and `mark_drained`."""

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
        """Seconds since it was last empty; 0 when it is empty."""
        return time.monotonic() - self._pending_since if self.pending_bytes else 0.0

    @property
    def broken(self) -> bool:
        """It accepts no more clicks. Those that it has can be drained."""
        return self._broken

    def append(self, clicks: Sequence[NewClick]) -> None:
        """Returns when the clicks are on disk. Raises OSError when they cannot be stored."""
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
                self._broken = True  # a second fsync may succeed although data is lost
                raise
            if self._begin == self._end:
                self._pending_since = time.monotonic()
            self._end += len(data)

    def pending(self, max_clicks: int) -> tuple[list[NewClick], int]:
        """The oldest clicks, and the offset for `mark_drained` once they are in the database."""
        data = os.pread(self._descriptor, min(self._end - self._begin, _CHUNK_BYTES), self._begin)
        clicks: list[NewClick] = []
        end_offset = 0
        for click, end_offset in _decode_records(data):  # noqa: B007 - used after the loop
            clicks.append(click)
            if len(clicks) == max_clicks:
                break
        return clicks, self._begin + end_offset

    def mark_drained(self, offset: int) -> None:
        """Everything before `offset` is in the database. A spool without pending clicks is reset."""
        with self._lock:
            self._begin = offset
            if self._begin < self._end:
                return
            self._generation = secrets.randbits(64)
            self._begin = self._end = 0
            with suppress(OSError):  # then the records are drained again, which does no harm
                os.pwrite(self._descriptor, bytes(_RECORD_HEADER.size), 0)
                _sync_data(self._descriptor)
                if self._capacity_bytes > self._initial_capacity_bytes:
                    os.ftruncate(self._descriptor, self._initial_capacity_bytes)
                    self._capacity_bytes = self._initial_capacity_bytes

    def close(self) -> None:
        """Remove an empty file; leave one with clicks to the next process that locks it."""
        with self._lock:
            if self._begin == self._end:
                self.path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._broken = True

    def abandon(self) -> None:
        """In a forked child: close its copy of the file, which shares the parent's lock."""
        os.close(self._descriptor)

    def _grow(self, needed_bytes: int) -> None:
        growth_bytes = max(GROWTH_BYTES, needed_bytes)
        _fill_with_zeros(self._descriptor, self._capacity_bytes, growth_bytes)
        os.fsync(self._descriptor)
        self._capacity_bytes += growth_bytes


def create_spool(folder: Path, capacity_bytes: int = DEFAULT_SPOOL_BYTES) -> Spool:
    """Create a locked, preallocated file. Raises OSError when the disk has no space for it."""
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
            for each in (folder, folder.parent):
                _sync_folder(each)
        except BaseException:
            path.unlink(missing_ok=True)
            os.close(descriptor)
            raise
        return Spool(path, descriptor, capacity_bytes)


class Orphan:
    """The spool of a process that ended; this process owns it now."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path, self._descriptor = path, descriptor
        data = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        self._clicks = (click for click, _ in _decode_records(data))

    def next_clicks(self, max_clicks: int) -> list[NewClick]:
        """The next clicks; an empty list at the end."""
        return list(itertools.islice(self._clicks, max_clicks))

    def remove(self) -> None:
        """Delete the file: all its clicks are in the database."""
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def release(self) -> None:
        """Leave the file to a later attempt or another process."""
        os.close(self._descriptor)


def claim_orphan(folder: Path) -> Orphan | None:
    """Lock a spool file without an owner, if there is one. It is ours until it is removed or released."""
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
        os.close(descriptor)  # another process has drained and removed it
    return None


def _encode_record(click: NewClick, generation: int) -> bytes:
    values = {name: getattr(click, name) for name in _NAMES}
    payload = json.dumps(values, default=_encode_value, separators=(",", ":")).encode()
    return _RECORD_HEADER.pack(len(payload), _checksum(generation, payload), generation) + payload


def _decode_records(data: bytes) -> Iterator[tuple[NewClick, int]]:
    """The complete records of the first generation, each with the offset of its end."""
    offset, first = 0, None
    while offset + _RECORD_HEADER.size <= len(data):
        length, checksum, generation = _RECORD_HEADER.unpack_from(data, offset)
        payload = data[offset + _RECORD_HEADER.size : offset + _RECORD_HEADER.size + length]
        first = generation if first is None else first
        if not length or generation != first or len(payload) != length:
            return
        if _checksum(generation, payload) != checksum:
            return
        offset += _RECORD_HEADER.size + length
        values = json.loads(payload, object_hook=_decode_value)
        # An older version may have written the file: columns that it did not have are None.
        yield NewClick(**{name: values.get(name) for name in _NAMES}), offset


def _checksum(generation: int, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(generation.to_bytes(8, "big")))


def _encode_value(value: Any) -> dict[str, str]:
    if isinstance(value, UUID):
        return {"uuid": value.hex}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    raise TypeError(f"a {type(value).__name__} cannot be stored in the spool")


def _decode_value(value: dict[str, Any]) -> Any:
    if value.keys() == {"uuid"}:
        return UUID(hex=value["uuid"])
    if value.keys() == {"bytes"}:
        return bytes.fromhex(value["bytes"])
    return value


def _fill_with_zeros(descriptor: int, start: int, length: int) -> None:
    """Zeros are written, not only reserved: a first write to reserved space can need space for metadata."""
    zeros = bytes(min(length, _CHUNK_BYTES))
    for offset in range(start, start + length, _CHUNK_BYTES):
        _write_all(descriptor, zeros[: min(_CHUNK_BYTES, start + length - offset)], offset)


def _write_all(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
