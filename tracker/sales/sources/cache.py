"""Sources and their secrets in memory, because every message is checked with them.

They may be out of date; whoever books a message looks, in the same transaction, whether they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine

from config.database import read_connection
from tracker.sales.sources.models import Source
from tracker.sales.sources.operations import open_source, source_secrets

MOST = 1_000
"""An installation has a few; whoever connects thousands reads some of them again."""


@dataclass(frozen=True)
class KnownSource:
    source: Source
    secrets: Sequence[str] = field(repr=False)


class KnownSources:
    """Of one process. Any thread may use it."""

    def __init__(self, engine: Engine, keys: Sequence[str]) -> None:
        self._engine, self._keys = engine, keys
        self._known: dict[str, KnownSource] = {}

    def in_memory(self, source_id: str) -> KnownSource | None:
        return self._known.get(source_id)

    def read(self, source_id: str) -> KnownSource:
        """As it stands in the database. Raises NotFound, Gone or CannotDecrypt, and forgets it then."""
        self._known.pop(source_id, None)
        with read_connection(self._engine) as connection:
            source = open_source(connection, source_id)
        known = KnownSource(source, source_secrets(source, self._keys))
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[source_id] = known
        return known
