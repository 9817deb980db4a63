"""Whose host name a request was sent to, from memory: a redirect waits for no second query."""

from collections.abc import Callable, Mapping
from functools import lru_cache

from tracker.programs.links.domains import Domain


class Domains:
    """All further host names. They are few, so whoever keeps this up to date reads them all."""

    def __init__(self, load: Callable[[], Mapping[str, Domain]]) -> None:
        self._load = load
        self._known: Mapping[str, Domain] | None = None

    @property
    def is_loaded(self) -> bool:
        """Before that nobody can say whose host a name is."""
        return self._known is not None

    def known(self, host: str) -> Domain | None:
        """`host` as the request has it. From memory alone."""
        return self._known.get(host_without_port(host)) if self._known and host else None

    def refresh(self) -> None:
        """Raises what the database raises; then those that were known stay so."""
        self._known = self._load()


@lru_cache(maxsize=1024)
def host_without_port(host: str) -> str:
    """Without a port and a final dot, in lower case."""
    name = host.partition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]
    return name.lower().removesuffix(".")
