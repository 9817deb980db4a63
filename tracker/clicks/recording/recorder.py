"""The recorder acknowledges a click when it is on disk; one sync serves all pending clicks (group commit).

Nothing is opened or started before the first click, so importing and forking are safe.
"""

from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as DeadlinePassed
from pathlib import Path

from config.process import process_id
from config.settings import Settings
from tracker.clicks.recording.commit_queue import PendingClick
from tracker.clicks.recording.committer import DEADLINE_S, Committer
from tracker.clicks.recording.spool import DEFAULT_SPOOL_BYTES
from tracker.clicks.recording.writers import NewClick, OpenWriter, open_writer


class Recorder:
    """Writes clicks to the database at `clicks_url`, from any thread, in any process that has this object.

    `open_writer` opens the connection; tests pass one that fails. With a `spool_folder`, clicks that the
    database has not stored after `deadline_s` are written to a spool there and moved to the database later.
    """

    def __init__(
        self,
        clicks_url: str,
        open_writer: OpenWriter = open_writer,
        *,
        spool_folder: Path | None = None,
        spool_bytes: int = DEFAULT_SPOOL_BYTES,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._clicks_url, self._open_writer = clicks_url, open_writer
        self._spool_folder, self._spool_bytes, self._deadline_s = spool_folder, spool_bytes, deadline_s
        self._committers: dict[int, Committer] = {}
        # Referenced forever, so that a forked child never closes what its parent uses.
        self._inherited: list[Committer] = []

    @classmethod
    def of(cls, settings: Settings) -> "Recorder":
        """The recorder, with a spool, that the processes of an installation use."""
        return cls(
            settings.clicks_url,
            spool_folder=settings.spool_folder,
            spool_bytes=settings.spool_mb * 1024 * 1024,
            deadline_s=settings.commit_deadline_ms / 1000,
        )

    def start(self) -> None:
        """Create the spool and drain orphaned ones before the first click."""
        self._committer().start()

    def record(self, click: NewClick, deadline_s: float) -> bool:
        """Whether the click is on disk within `deadline_s`.

        A late click may still be written afterwards. That does no harm: its visitor got no token.
        """
        try:
            return self.submit(click).result(timeout=deadline_s)
        except DeadlinePassed:
            return False

    def submit(self, click: NewClick) -> "Future[bool]":
        """Record without waiting: the future becomes True when the click is on disk, else False."""
        future: Future[bool] = Future()
        self.enqueue([PendingClick(click, future.set_result)])
        return future

    def enqueue(self, entries: Sequence[PendingClick]) -> None:
        """Record several clicks without waiting; each result goes to the entry's `on_done`."""
        self._committer().enqueue(entries)

    def close(self) -> None:
        """Store pending clicks, then close this process's connection. A later click opens a new one."""
        committer = self._committers.pop(process_id(), None)
        if committer is not None:
            committer.close()

    def _committer(self) -> Committer:
        own = process_id()
        committer = self._committers.get(own)
        if committer is not None:
            return committer
        # pop and setdefault are atomic. A lock would not do: a fork could copy it in its locked state.
        for parent_id in [key for key in self._committers if key != own]:
            inherited = self._committers.pop(parent_id, None)
            if inherited is not None:
                inherited.abandon()
                self._inherited.append(inherited)
        return self._committers.setdefault(own, self._new_committer())

    def _new_committer(self) -> Committer:
        return Committer(
            self._clicks_url,
            self._open_writer,
            spool_folder=self._spool_folder,
            spool_bytes=self._spool_bytes,
            deadline_s=self._deadline_s,
        )
