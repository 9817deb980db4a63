"""Where the link cache reads links, and whether anything may have changed since it looked last.

The poller of each process looks every second, forever. On SQLite it first asks for the number that changes
with each commit of another connection (PRAGMA data_version), and reads nothing if it is the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from config.database import read_connection, read_session
from config.locking.commits import NoWatch, Watch, commit_watch
from tracker.programs.links.changes import LinkChanges, changes_since, link_version
from tracker.programs.links.domains import Domain, known_domains
from tracker.programs.links.operations import LinkLookup, lookup_link


@dataclass(frozen=True)
class LinkSource:
    """Where links are read; tests pass one that fails."""

    read: Callable[[str], LinkLookup]
    changes: Callable[[int], LinkChanges]
    domains: Callable[[], Mapping[str, Domain]] = dict
    watch: Callable[[], Watch] = NoWatch


def link_source(engine: Engine) -> LinkSource:
    def read(code: str) -> LinkLookup:
        with read_connection(engine) as connection:
            return lookup_link(connection, code)

    def changes(seen: int) -> LinkChanges:
        with read_connection(engine) as connection:
            if link_version(connection) == seen:
                return LinkChanges(seen, {})
        with read_session(engine) as session:
            return changes_since(session, seen)

    def domains() -> Mapping[str, Domain]:
        with read_connection(engine) as connection:
            return known_domains(connection)

    return LinkSource(read, changes, domains, lambda: commit_watch(engine))
