"""The brands' own host names, in memory, so that a redirect needs no second query."""

from collections.abc import Callable, Mapping
from functools import lru_cache

from tracker.programs.links.domains import Domain


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
