"""A file system that keeps, when the power is cut, only what was synced: under SQLite, by APSW's VFS.

Every write goes to a real file and is remembered; a sync moves what is remembered of that file into what
would be left. Harsher than most disks, which keep some of what was not synced.
"""

import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw

Change = Callable[[bytearray], None]


class PowerCut(apsw.VFS):
    """`left` is what the disk would hold after a cut at this moment."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lock = threading.Lock()
        self.synced: dict[str, bytearray] = {}
        self.pending: dict[str, list[Change]] = defaultdict(list)
        super().__init__(name=name, base="")

    def xOpen(self, name: Any, flags: Any) -> "BufferedFile":
        return BufferedFile(self, name, flags)

    def left(self) -> dict[str, bytes]:
        with self.lock:
            return {name: bytes(content) for name, content in self.synced.items()}

    def write_survivors(self, folder: Path) -> None:
        """Write what is left, as the machine finds it when the power is back."""
        folder.mkdir()
        for name, content in self.left().items():
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
        kept = bytes(data)

        def change(content: bytearray) -> None:
            content.extend(bytes(max(offset + len(kept) - len(content), 0)))
            content[offset : offset + len(kept)] = kept

        self._remember(change)
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:
        self._remember(lambda content: content.__delitem__(slice(newsize, None)))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        with self._disk.lock:
            for change in self._disk.pending.pop(self._name, []):
                change(self._disk.synced[self._name])

    def _remember(self, change: Change) -> None:
        with self._disk.lock:
            self._disk.pending[self._name].append(change)
