"""A cache of links, so that links which were followed before work during a database outage.

What is kept is as old as the version that its read saw. A poller asks once a second what changed since and
evicts only that; a read that overlapped a change is returned but not cached. An unknown code is
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

from config.database import read_connection, read_session
from config.process import process_id
from tracker.clicks.metrics import LINK_LOOKUPS
from tracker.clicks.redirect.domains import Domains
from tracker.programs.codes import code_key
from tracker.programs.links.changes import LinkChanges, changes_since
from tracker.programs.links.domains import Domain, known_domains
from tracker.programs.links.operations import LinkLookup, LinkTarget, lookup_link

MAX_LINKS = 50_000
MAX_ABSENT = 10_000
ABSENT_TTL_S = 1.0
POLL_S = 1.0
READ_DEADLINE_S = 2.0
READER_THREADS = 4
MAX_PENDING_READS = 1_000
"""More codes than that waiting to be read at one time are refused: a database that hangs fills no memory."""

_log = logging.getLogger(__name__)


class LinksUnavailable(Exception):
    """The link is not in memory, and the database did not say in time what it is."""


@dataclass(frozen=True)
class LinkSource:
    """Where links are read, so that a test can hand in one that fails."""

    read: Callable[[str], LinkLookup]
    changes: Callable[[int], LinkChanges]
    domains: Callable[[], Mapping[str, Domain]] = dict


def link_source(engine: Engine) -> LinkSource:
    def read(code: str) -> LinkLookup:
        with read_connection(engine) as connection:
            return lookup_link(connection, code)

    def changes(seen: int) -> LinkChanges:
        with read_session(engine) as session:
            return changes_since(session, seen)

    def domains() -> Mapping[str, Domain]:
        with read_session(engine) as session:
            return known_domains(session)

    return LinkSource(read, changes, domains)


class NotCached:
    """Nothing in memory says what a code leads to."""


NOT_CACHED: Final = NotCached()
_NO_VERSION = -1
_MEMORY_LOOKUPS = LINK_LOOKUPS.labels("memory")


class LinkCache:
    """For any thread of any process; a forked child begins with an empty one of its own."""

    def __init__(
        self, link_source: LinkSource, *, max_links: int = MAX_LINKS, poll_s: float = POLL_S
    ) -> None:
        self._source, self._max_links, self.poll_s = link_source, max_links, poll_s
        self._reset(0)

    def _reset(self, owner: int) -> None:
        self._process_id = owner
        self._links: OrderedDict[str, LinkLookup] = OrderedDict()
        self._absent: dict[str, float] = {}
        self._domains = Domains(self._source.domains)
        self._reads: dict[str, Future[LinkTarget | None]] = {}
        self._seen = _NO_VERSION
        self.has_been_read = False
        """Whether the database has answered since this began."""
        self.readable = True
        """Whether it answered at the last poll."""
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._read_queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def known(self, code: str) -> LinkTarget | NotCached | None:
        """From the cache only: a link, None if the code is known to be unknown, NOT_CACHED if it must be read."""
        self._reset_after_fork()
        key = code_key(code)
        found = self._links.get(key)
        if found is not None:
            with suppress(KeyError):  # let go in this moment; what was found is right all the same
                self._links.move_to_end(key)
            _MEMORY_LOOKUPS.inc()
            return found.link
        until = self._absent.get(key)
        if until is not None and time.monotonic() < until:
            LINK_LOOKUPS.labels("absent").inc()
            return None
        return NOT_CACHED

    def domain(self, host: str) -> Domain | None:
        """Whose host name it is, from memory alone. Known as soon as any link has been looked for."""
        return self._domains.known(host)

    def read(self, code: str) -> "Future[LinkTarget | None]":
        """Read it; who asks for the same meanwhile gets the same future. It raises LinksUnreadable."""
        self._reset_after_fork()
        key = code_key(code)
        with self._lock:
            self._start()
            pending = self._reads.get(key)
            if pending is not None:
                return pending
            LINK_LOOKUPS.labels("database").inc()
            future: Future[LinkTarget | None] = Future()
            if len(self._reads) >= MAX_PENDING_READS:
                future.set_exception(LinksUnavailable())
                return future
            self._reads[key] = future
        self._read_queue.put(key)
        return future

    def find(self, code: str, deadline_s: float = READ_DEADLINE_S) -> LinkTarget | None:
        """For doors that may wait. Raises LinksUnreadable."""
        known = self.known(code)
        if not isinstance(known, NotCached):
            return known
        try:
            return self.read(code).result(deadline_s)
        except DeadlinePassed:
            raise LinksUnavailable from None

    def start(self) -> None:
        """Start the threads, so that the first request need not."""
        self._reset_after_fork()
        with self._lock:
            self._start()

    def poll(self) -> None:
        """Let go of what changed since the last time. Raises SQLAlchemyError."""
        self._domains.refresh()
        changes = self._source.changes(self._seen)
        with self._lock:
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
        with self._lock:
            self._closing.set()
            for _ in range(READER_THREADS):
                self._read_queue.put(None)
            self._reset(0)

    def _is_older(self, key: str, version: int) -> bool:
        kept = self._links.get(key)
        return kept is not None and kept.version < version

    def _reset_after_fork(self) -> None:
        """In a forked child: discard the parent's threads, reads and possibly held locks."""
        if self._process_id not in (0, process_id()):
            self._reset(0)

    def _start(self) -> None:
        """Called with the lock. Daemons, so that a read that hangs keeps no process from ending."""
        if self._process_id != 0:
            return
        self._process_id = process_id()
        threading.Thread(
            target=self._poll_loop, args=(self._closing,), name="link-poller", daemon=True
        ).start()
        for _ in range(READER_THREADS):
            reader = threading.Thread(target=self._read_loop, args=(self._read_queue,), name="link-reader")
            reader.daemon = True
            reader.start()

    def _poll_loop(self, closing: threading.Event) -> None:
        while not closing.wait(self.poll_s):
            try:
                self.poll()
                self.readable = True
            except SQLAlchemyError as error:
                if self.readable:
                    _log.warning("links are served from memory, the database fails: %s", type(error).__name__)
                self.readable = False

    def _read_loop(self, waiting: "queue.SimpleQueue[str | None]") -> None:
        while (key := waiting.get()) is not None:
            try:
                if not self._domains.is_loaded:
                    self._domains.refresh()
                found = self._source.read(key)
            except Exception as error:
                # Whatever it was, the thread lives on and whoever waits is told.
                _log.warning("a link could not be read: %s", type(error).__name__)
                self._end_read(key).set_exception(LinksUnavailable())
            else:
                self._store(key, found)
                self._end_read(key).set_result(found.link)

    def _end_read(self, key: str) -> "Future[LinkTarget | None]":
        with self._lock:
            return self._reads.pop(key, None) or Future()

    def _store(self, key: str, found: LinkLookup) -> None:
        with self._lock:
            self.has_been_read = True
            if found.link is None:
                self._remember_absent(key)
            elif found.version >= self._seen:  # else it may have changed while it was read
                self._links[key] = found
                self._links.move_to_end(key)
                if len(self._links) > self._max_links:
                    self._links.popitem(last=False)

    def _remember_absent(self, key: str) -> None:
        if len(self._absent) >= MAX_ABSENT:
            now = time.monotonic()
            self._absent = {code: until for code, until in self._absent.items() if until > now}
        if len(self._absent) < MAX_ABSENT:
            self._absent[key] = time.monotonic() + ABSENT_TTL_S
