"""A cache of links, so that links which were followed before work during a database outage.

Each cached link has the version that its read saw. Once a second a poller asks which links changed since
then and evicts only those; a read that overlapped a change is returned but not cached. An unknown code is
remembered for a second. Concurrent requests for a link that is not cached share one read.

A code belongs to one link at every host name, so links are cached by code. The brands' host names are in a
second small table, which the poller reads completely each time: adding a domain changes no link, and a cached
link is not found at another brand's host.
"""

import logging
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as DeadlinePassed
from functools import lru_cache
from typing import Final

from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError

from config.process import process_id
from tracker.clicks.metrics import LINK_LOOKUPS
from tracker.clicks.redirect.link_source import LinkSource
from tracker.programs.codes import code_key
from tracker.programs.links.domains import Domain
from tracker.programs.links.operations import LinkLookup, LinkTarget

MAX_LINKS = 50_000
MAX_ABSENT = 10_000
ABSENT_TTL_S = 1.0
POLL_S = 1.0
READ_DEADLINE_S = 2.0
READER_THREADS = 4
MAX_PENDING_READS = 1_000
"""Above this number of pending reads, more are refused: a hanging database must not exhaust memory."""

_log = logging.getLogger(__name__)


class LinksUnavailable(Exception):
    """The link is not cached, and the database did not return it in time."""


class NotCached:
    """It is not known from memory whether a code exists and where it leads."""


NOT_CACHED: Final = NotCached()
_NO_VERSION = -1
_MEMORY_LOOKUPS = LINK_LOOKUPS.labels("memory")


class LinkCache:
    """For any thread of any process; a forked child begins with an empty cache."""

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
        """Whether the database has answered a lookup since the start, also one of an unknown code."""
        self.readable = True
        """Whether the last poll succeeded."""
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._read_queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def cached(
        self, code: str, count: Callable[[Counter], None] = Counter.inc
    ) -> LinkTarget | NotCached | None:
        """The cached link, None if the code was not found recently, NOT_CACHED if it must be read.

        `count` counts a link that was found, which is the usual case.
        """
        self._reset_after_fork()
        key = code_key(code)
        found = self._links.get(key)
        if found is not None:
            try:  # noqa: SIM105 - `suppress` takes a hundredth of the time of a redirect
                self._links.move_to_end(key)
            except KeyError:
                pass  # evicted at this moment; the link found is still valid
            count(_MEMORY_LOOKUPS)
            return found.link
        until = self._absent.get(key)
        if until is not None and time.monotonic() < until:
            LINK_LOOKUPS.labels("absent").inc()
            return None
        return NOT_CACHED

    def domain(self, host: str) -> Domain | None:
        """The brand domain with this host name, from memory; loaded with the first link that is read."""
        return self._domains.find(host)

    def read(self, code: str) -> "Future[LinkTarget | None]":
        """Read a link; concurrent calls for one code share a future. The future raises LinksUnavailable."""
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
        """The link from the cache or, blocking, from the database. Raises LinksUnavailable."""
        cached = self.cached(code)
        if not isinstance(cached, NotCached):
            return cached
        try:
            return self.read(code).result(deadline_s)
        except DeadlinePassed:
            raise LinksUnavailable from None

    def start(self) -> None:
        """Start the threads before the first request."""
        self._reset_after_fork()
        with self._lock:
            self._start()

    def poll(self) -> None:
        """Evict links that changed since the last poll. Raises SQLAlchemyError."""
        self._domains.refresh()
        changes = self._source.changes(self._seen)
        with self._lock:
            if changes.codes is None:
                # A version lower than before means a restored database: evict everything.
                restored = changes.version < self._seen
                cached = list(self._links.items())  # a copy: other threads reorder entries
                stale = [key for key, found in cached if restored or found.version < changes.version]
            else:
                stale = [key for key, version in changes.codes.items() if self._is_older(key, version)]
            for key in stale:
                del self._links[key]
            self._seen = changes.version

    def close(self) -> None:
        """End this process's threads, except stuck ones. A later read starts new ones."""
        with self._lock:
            self._closing.set()
            for _ in range(READER_THREADS):
                self._read_queue.put(None)
            self._reset(0)

    def _is_older(self, key: str, version: int) -> bool:
        cached = self._links.get(key)
        return cached is not None and cached.version < version

    def _reset_after_fork(self) -> None:
        """In a forked child: discard the parent's threads, reads and locks, which may be locked."""
        if self._process_id not in (0, process_id()):
            self._reset(0)

    def _start(self) -> None:
        """Call with the lock. Daemon threads, so that a hanging read does not keep the process alive."""
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
        watch, is_stale = self._source.watch(), True
        while not closing.wait(self.poll_s):
            try:
                is_stale |= watch.has_changed()
                if is_stale:  # until a poll has succeeded
                    self.poll()
                    is_stale = False
                self.readable = True
            except SQLAlchemyError as error:
                if self.readable:
                    _log.warning("the database fails, links are served from memory: %s", type(error).__name__)
                self.readable = False
        watch.close()

    def _read_loop(self, pending: "queue.SimpleQueue[str | None]") -> None:
        while (key := pending.get()) is not None:
            try:
                if not self._domains.is_loaded:
                    self._domains.refresh()
                found = self._source.read(key)
            except Exception as error:
                # After any error the thread continues, and waiting callers get LinksUnavailable.
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
            elif found.version >= self._seen:  # otherwise it may have changed while it was read
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


class Domains:
    """All host names of brands. They are few, so each refresh reads them all."""

    def __init__(self, load: Callable[[], Mapping[str, Domain]]) -> None:
        self._load = load
        self._known: Mapping[str, Domain] | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether the host names have been read once; before that `find` finds none."""
        return self._known is not None

    def find(self, host: str) -> Domain | None:
        """`host` as in the request. Reads memory only."""
        return self._known.get(host_without_port(host)) if self._known and host else None

    def refresh(self) -> None:
        """Raises the database's errors; the host names in memory then stay."""
        self._known = self._load()


@lru_cache(maxsize=1024)
def host_without_port(host: str) -> str:
    """The host without port and final dot, in lower case."""
    name = host.partition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]
    return name.lower().removesuffix(".")
