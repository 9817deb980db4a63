"""An in-memory cache of sources and their secrets, which every message needs.

Entries may be outdated; the transaction that books a message checks that they are current.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine

from config.database import read_connection
from tracker.sales.sources.models import Source
from tracker.sales.sources.operations import get_live_source, source_secrets

MAX_SOURCES = 1_000
"""Most installations have a few sources; with more than this, some are read again."""


@dataclass(frozen=True)
class CachedSource:
    source: Source
    secrets: Sequence[str] = field(repr=False)


class SourceCache:
    """One per process; thread-safe."""

    def __init__(self, engine: Engine, keys: Sequence[str]) -> None:
        self._engine, self._keys = engine, keys
        self._sources: dict[str, CachedSource] = {}

    def cached(self, source_id: str) -> CachedSource | None:
        """The entry, which may be outdated, or None."""
        return self._sources.get(source_id)

    def read(self, source_id: str) -> CachedSource:
        """Reads the source from the database and caches it.

        Raises NotFound, Gone or CannotDecrypt; the source is then no longer cached.
        """
        self._sources.pop(source_id, None)
        with read_connection(self._engine) as connection:
            source = get_live_source(connection, source_id)
        entry = CachedSource(source, source_secrets(source, self._keys))
        if len(self._sources) >= MAX_SOURCES:
            self._sources.clear()
        self._sources[source_id] = entry
        return entry
