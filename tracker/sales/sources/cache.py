"""Sources and their secrets in memory, because every message is checked with them.

They may be out of date; whoever books a message looks, in the same transaction, whether they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine

from config.database import read_connection
from tracker.sales.sources.models import Source
from tracker.sales.sources.operations import get_live_source, source_secrets

MAX_SOURCES = 1_000
"""An installation has a few; whoever connects thousands reads some of them again."""


@dataclass(frozen=True)
class CachedSource:
    source: Source
    secrets: Sequence[str] = field(repr=False)


class SourceCache:
    """Of one process. Any thread may use it."""

    def __init__(self, engine: Engine, keys: Sequence[str]) -> None:
        self._engine, self._keys = engine, keys
        self._sources: dict[str, CachedSource] = {}

    def cached(self, source_id: str) -> CachedSource | None:
        return self._sources.get(source_id)

    def read(self, source_id: str) -> CachedSource:
        """As it stands in the database. Raises NotFound, Gone or CannotDecrypt, and forgets it then."""
        self._sources.pop(source_id, None)
        with read_connection(self._engine) as connection:
            source = get_live_source(connection, source_id)
        known = CachedSource(source, source_secrets(source, self._keys))
        if len(self._sources) >= MAX_SOURCES:
            self._sources.clear()
        self._sources[source_id] = known
        return known
