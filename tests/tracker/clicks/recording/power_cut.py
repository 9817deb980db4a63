"""A file system for SQLite, by APSW's VFS, that keeps only synced writes when the power is cut.

Every write goes to a real file and is recorded; a sync applies the recorded writes of that file to the
content that would survive. Stricter than most disks, which keep some unsynced writes.
"""

import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw

Change = Callable[[bytearray], None]


class PowerCut(apsw.VFS):
    """`survivors` is the content of the disk after a power cut at this moment."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lock = threading.Lock()
        self.synced: dict[str, bytearray] = {}
        self.pending: dict[str, list[Change]] = defaultdict(list)
        super().__init__(name=name, base="")

    def xOpen(self, name: Any, flags: Any) -> "BufferedFile":
        return BufferedFile(self, name, flags)

    def survivors(self) -> dict[str, bytes]:
        with self.lock:
            return {name: bytes(content) for name, content in self.synced.items()}

    def write_survivors(self, folder: Path) -> None:
        """Write the surviving files, as the machine finds them after the power cut."""
        folder.mkdir()
        for name, content in self.survivors().items():
            (folder / Path(name).name).write_bytes(content)


class BufferedFile(apsw.VFSFile):
    def __init__(self, disk: PowerCut, name: Any, flags: Any) -> None:
        self._disk = disk
        self._name = str(name.filename() if isinstance(name, apsw.URIFilename) else name)
        path = Path(self._name)
        with disk.lock:
            disk.synced.setdefault(self._name, bytearray(path.read_bytes() if path.exists() else b""))
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        written = bytes(data)

        def change(content: bytearray) -> None:
            content.extend(bytes(max(offset + len(written) - len(content), 0)))
            content[offset : offset + len(written)] = written

        self._record(change)
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:
        self._record(lambda content: content.__delitem__(slice(newsize, None)))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        with self._disk.lock:
            for change in self._disk.pending.pop(self._name, []):
                change(self._disk.synced[self._name])

    def _record(self, change: Change) -> None:
        with self._disk.lock:
            self._disk.pending[self._name].append(change)
