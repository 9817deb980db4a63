"""The backup file: a ZIP with one member per table and a manifest, sealed by a SHA-256 at its very end.

The seal is in the ZIP's comment, so that any tool can open the file. It covers every byte before it, so a
single changed or missing byte is found. It proves that the file is complete, not who made it.
"""

import hashlib
import io
import os
import secrets
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from payouts.backup.manifest import Manifest, Member, TableShape
from tracker.errors import Conflict, Fault, Invalid, LinkledgerError

MANIFEST = "manifest.json"
CHUNK_BYTES = 256 * 1024
_SEAL = b"linkledger backup sha256 "
_DIGEST_LENGTH = 64


class ArchiveWriter:
    """A backup being written. The file gets its final name only when it is complete."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file

    def add(self, shape: TableShape, lines: Iterable[bytes]) -> Member:
        """Write a table as a stream of lines."""
        digest, rows = hashlib.sha256(), 0
        name = f"{shape.name}.jsonl"
        with self._file.open(name, "w", force_zip64=True) as raw, io.BufferedWriter(raw, CHUNK_BYTES) as out:
            for line in lines:
                digest.update(line)
                out.write(line)
                rows += 1
        return Member(shape=shape, rows=rows, sha256=digest.hexdigest())

    def finish(self, manifest: Manifest) -> None:
        self._file.writestr(MANIFEST, manifest.to_json())


class Archive:
    """A backup whose seal and manifest have been verified."""

    def __init__(self, path: Path, file: zipfile.ZipFile, manifest: Manifest) -> None:
        self.path, self.manifest = path, manifest
        self._file = file

    def lines(self, member: Member) -> Iterator[bytes]:
        """Raises Fault when the member cannot be read."""
        try:
            with (
                self._file.open(member.name) as raw,
                io.BufferedReader(raw, CHUNK_BYTES) as lines,  # type: ignore[type-var]
            ):
                yield from lines
        except (zipfile.BadZipFile, zlib.error, EOFError, KeyError):
            raise _damaged(self.path, f"{member.name} cannot be read") from None

    def verify_members(self) -> None:
        """Raises Fault unless every member exists, with the number of rows and the hash of the manifest."""
        found = sorted(self._file.namelist())
        expected = sorted([MANIFEST, *(member.name for member in self.manifest.members)])
        if missing := sorted(set(expected) - set(found)):
            raise _damaged(self.path, f"{', '.join(missing)} is missing")
        if found != expected:
            raise _damaged(self.path, "it contains more members than its manifest names")
        for member in self.manifest.members:
            digest, rows = hashlib.sha256(), 0
            for line in self.lines(member):
                digest.update(line)
                rows += 1
            if (rows, digest.hexdigest()) != (member.rows, member.sha256):
                raise _damaged(self.path, f"{member.name} differs from what was saved")


@contextmanager
def new_archive(path: Path) -> Iterator[ArchiveWriter]:
    """Write a file that appears under its name only when it is complete and on the disk.

    Raises Conflict when a file of that name exists, at the start or at the end; it is never overwritten.
    """
    if path.exists():
        raise _already_exists(path)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        # It contains names, addresses and amounts, so only its owner may read it.
        with os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.comment = _SEAL + b"0" * _DIGEST_LENGTH
                yield ArchiveWriter(archive)
            _seal(file)
            os.fsync(file.fileno())
        _publish(draft, path)
    except OSError as error:
        raise LinkledgerError(f"{path} could not be written: {error.strerror}.") from None
    finally:
        # If the file could not be created, deleting it fails too; the first error is reported.
        with suppress(OSError):
            draft.unlink(missing_ok=True)


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Raises Fault when a byte of the file was changed or is missing, Invalid when it is not a backup."""
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
            _require_seal(path, file)
            archive = stack.enter_context(zipfile.ZipFile(file))
            manifest = Manifest.from_json(archive.read(MANIFEST))
        except OSError as error:
            raise LinkledgerError(f"{path} could not be read: {error.strerror}.") from None
        except KeyError:
            raise _damaged(path, f"{MANIFEST} is missing") from None
        except (zipfile.BadZipFile, zlib.error, EOFError):
            raise _damaged(path, "it cannot be opened") from None
        yield Archive(path, archive, manifest)


def _seal(file: IO[bytes]) -> None:
    digest = _digest_before_seal(file)
    file.seek(-_DIGEST_LENGTH, os.SEEK_END)
    file.write(digest)
    file.flush()


def _require_seal(path: Path, file: IO[bytes]) -> None:
    size = file.seek(0, os.SEEK_END)
    length = len(_SEAL) + _DIGEST_LENGTH
    file.seek(max(size - length, 0))
    end = file.read()
    if not end.startswith(_SEAL) or len(end) != length:
        file.seek(0)
        if file.read(2) == b"PK":
            raise _damaged(path, "its end is missing or was changed")
        raise Invalid(f"{path} is not a backup made by Linkledger.")
    if _digest_before_seal(file) != end[len(_SEAL) :]:
        raise _damaged(path, "its contents were changed")
    file.seek(0)


def _digest_before_seal(file: IO[bytes]) -> bytes:
    remaining = file.seek(0, os.SEEK_END) - _DIGEST_LENGTH
    digest = hashlib.sha256()
    file.seek(0)
    while remaining > 0 and (chunk := file.read(min(CHUNK_BYTES, remaining))):
        digest.update(chunk)
        remaining -= len(chunk)
    return digest.hexdigest().encode()


def _publish(draft: Path, path: Path) -> None:
    """Rename the draft. Raises Conflict when a file of that name was created in the meantime."""
    try:
        try:
            os.link(draft, path)
        except FileExistsError:
            raise
        except OSError:
            # Some file systems have no hard links: create the target, then replace it with the draft.
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            draft.replace(path)
    except FileExistsError:
        raise _already_exists(path) from None
    with suppress(OSError):  # not every file system can sync a folder
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _already_exists(path: Path) -> Conflict:
    return Conflict(f"{path} already exists and is not overwritten; choose another name for the backup.")


def _damaged(path: Path, what: str) -> Fault:
    return Fault(f"{path} is damaged: {what}. Nothing was written; use another backup.")
