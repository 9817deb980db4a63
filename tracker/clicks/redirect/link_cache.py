"""Links in memory, so that a dead database stops no link that somebody has followed before.

What is kept is as old as the version that its read saw. A poller asks once a second what changed since and
lets go of that alone; a read that overlapped a change is answered but not kept. What no link has is
remembered for a second; however many ask for a link that is not here, it is read once.

A code belongs to one link, whatever host name it is asked at, so links are kept by their codes. Whose host
name that is stands in a second small table, which the poller reads anew each time: adding a domain changes no
link, and a link that is in memory is found at no other brand's host.
"""

import logging
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as DeadlinePassed
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from config.database import asking, reading
from config.process import process_id
from tracker.clicks.metrics import LINK_LOOKUPS
from tracker.clicks.redirect.domains import Domains
from tracker.programs.codes import code_key
from tracker.programs.links.changes import LinkChanges, changes_since
from tracker.programs.links.domains import Domain, known_domains
from tracker.programs.links.operations import Found, LinkTarget, find_target

ROOM_LINKS = 50_000
ROOM_ABSENT = 10_000
ABSENT_S = 1.0
POLL_S = 1.0
READ_DEADLINE_S = 2.0
READERS = 4
MOST_READS = 1_000
"""More codes than that waiting to be read at one time are refused: a database that hangs fills no memory."""

_log = logging.getLogger(__name__)


class LinksUnreadable(Exception):
    """The link is not in memory, and the database did not say in time what it is."""


@dataclass(frozen=True)
class Library:
    """Where links are read, so that a test can hand in one that fails."""

    read: Callable[[str], Found]
    changes: Callable[[int], LinkChanges]
    domains: Callable[[], Mapping[str, Domain]] = dict


def library(engine: Engine) -> Library:
    def read(code: str) -> Found:
        with asking(engine) as connection:
            return find_target(connection, code)

    def changes(seen: int) -> LinkChanges:
        with reading(engine) as session:
            return changes_since(session, seen)

    def domains() -> Mapping[str, Domain]:
        with reading(engine) as session:
            return known_domains(session)

    return Library(read, changes, domains)


class Missing:
    """Nothing in memory says what a code leads to."""


MISSING: Final = Missing()
_NOTHING_SEEN = -1
_FROM_MEMORY = LINK_LOOKUPS.labels("memory")


class LinkCache:
    """For any thread of any process; a forked child begins with an empty one of its own."""

    def __init__(self, library: Library, *, room: int = ROOM_LINKS, poll_s: float = POLL_S) -> None:
        self._library, self._room, self.poll_s = library, room, poll_s
        self._begin(0)

    def _begin(self, owner: int) -> None:
        self._process_id = owner
        self._links: OrderedDict[str, Found] = OrderedDict()
        self._absent: dict[str, float] = {}
        self._domains = Domains(self._library.domains)
        self._reads: dict[str, Future[LinkTarget | None]] = {}
        self._seen = _NOTHING_SEEN
        self.has_been_read = False
        """Whether the database has answered since this began."""
        self.readable = True
        """Whether it answered at the last poll."""
        self._changing = threading.Lock()
        self._closing = threading.Event()
        self._waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def known(self, code: str) -> LinkTarget | Missing | None:
        """From memory alone: a link, None when there is surely none, MISSING when that has to be read."""
        self._leave_parent()
        key = code_key(code)
        found = self._links.get(key)
        if found is not None:
            with suppress(KeyError):  # let go in this moment; what was found is right all the same
                self._links.move_to_end(key)
            _FROM_MEMORY.inc()
            return found.link
        until = self._absent.get(key)
        if until is not None and time.monotonic() < until:
            LINK_LOOKUPS.labels("absent").inc()
            return None
        return MISSING

    def domain(self, host: str) -> Domain | None:
        """Whose host name it is, from memory alone. Known as soon as any link has been looked for."""
        return self._domains.known(host)

    def read(self, code: str) -> "Future[LinkTarget | None]":
        """Read it; who asks for the same meanwhile gets the same future. It raises LinksUnreadable."""
        self._leave_parent()
        key = code_key(code)
        with self._changing:
            self._start()
            under_way = self._reads.get(key)
            if under_way is not None:
                return under_way
            LINK_LOOKUPS.labels("database").inc()
            future: Future[LinkTarget | None] = Future()
            if len(self._reads) >= MOST_READS:
                future.set_exception(LinksUnreadable())
                return future
            self._reads[key] = future
        self._waiting.put(key)
        return future

    def find(self, code: str, deadline_s: float = READ_DEADLINE_S) -> LinkTarget | None:
        """For doors that may wait. Raises LinksUnreadable."""
        known = self.known(code)
        if not isinstance(known, Missing):
            return known
        try:
            return self.read(code).result(deadline_s)
        except DeadlinePassed:
            raise LinksUnreadable from None

    def start(self) -> None:
        """Start the threads, so that the first request need not."""
        self._leave_parent()
        with self._changing:
            self._start()

    def poll(self) -> None:
        """Let go of what changed since the last time. Raises SQLAlchemyError."""
        self._domains.refresh()
        changes = self._library.changes(self._seen)
        with self._changing:
            if changes.codes is None:
                # A counter that went back is another history: a restored database. Nothing is kept of before.
                restored = changes.version < self._seen
                kept = list(self._links.items())  # at once: other threads move what they find
                stale = [key for key, found in kept if restored or found.version < changes.version]
            else:
                stale = [key for key, version in changes.codes.items() if self._is_older(key, version)]
            for key in stale:
                del self._links[key]
            self._seen = changes.version

    def close(self) -> None:
        """End this process's threads, those that are not stuck. A later read starts new ones."""
        with self._changing:
            self._closing.set()
            for _ in range(READERS):
                self._waiting.put(None)
            self._begin(0)

    def _is_older(self, key: str, version: int) -> bool:
        kept = self._links.get(key)
        return kept is not None and kept.version < version

    def _leave_parent(self) -> None:
        """In a forked child: the threads and what they had begun are the parent's, and locks may be held."""
        if self._process_id not in (0, process_id()):
            self._begin(0)

    def _start(self) -> None:
        """Called with the lock. Daemons, so that a read that hangs keeps no process from ending."""
        if self._process_id != 0:
            return
        self._process_id = process_id()
        threading.Thread(target=self._poll_on, args=(self._closing,), name="link-poller", daemon=True).start()
        for _ in range(READERS):
            reader = threading.Thread(target=self._read_on, args=(self._waiting,), name="link-reader")
            reader.daemon = True
            reader.start()

    def _poll_on(self, closing: threading.Event) -> None:
        while not closing.wait(self.poll_s):
            try:
                self.poll()
                self.readable = True
            except SQLAlchemyError as error:
                if self.readable:
                    _log.warning("links are served from memory, the database fails: %s", type(error).__name__)
                self.readable = False

    def _read_on(self, waiting: "queue.SimpleQueue[str | None]") -> None:
        while (key := waiting.get()) is not None:
            try:
                if not self._domains.were_read:
                    self._domains.refresh()
                found = self._library.read(key)
            except Exception as error:
                # Whatever it was, the thread lives on and whoever waits is told.
                _log.warning("a link could not be read: %s", type(error).__name__)
                self._end_read(key).set_exception(LinksUnreadable())
            else:
                self._keep(key, found)
                self._end_read(key).set_result(found.link)

    def _end_read(self, key: str) -> "Future[LinkTarget | None]":
        with self._changing:
            return self._reads.pop(key, None) or Future()

    def _keep(self, key: str, found: Found) -> None:
        with self._changing:
            self.has_been_read = True
            if found.link is None:
                self._remember_absent(key)
            elif found.version >= self._seen:  # else it may have changed while it was read
                self._links[key] = found
                self._links.move_to_end(key)
                if len(self._links) > self._room:
                    self._links.popitem(last=False)

    def _remember_absent(self, key: str) -> None:
        if len(self._absent) >= ROOM_ABSENT:
            now = time.monotonic()
            self._absent = {code: until for code, until in self._absent.items() if until > now}
        if len(self._absent) < ROOM_ABSENT:
            self._absent[key] = time.monotonic() + ABSENT_S
