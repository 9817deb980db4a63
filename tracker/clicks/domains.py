"""Whose host name a request was sent to, from memory: a redirect waits for no second query."""

import time
from collections.abc import Callable, Mapping

from sqlalchemy.exc import SQLAlchemyError

from tracker.programs.domains import Domain

KEPT_S = 2.0


class Domains:
    """All further host names, read anew when they are older than `kept_s`; old ones when that fails.

    Has no lock, which a fork could copy in its locked state: that two threads read at once harms nobody.
    """

    def __init__(self, load: Callable[[], Mapping[str, Domain]], kept_s: float = KEPT_S) -> None:
        self._load, self._kept_s = load, kept_s
        self._known: Mapping[str, Domain] | None = None
        self._read_at = 0.0

    def find(self, host: str) -> Domain | None:
        """`host` as the request has it. Raises SQLAlchemyError only when none were ever read."""
        if self._known is None or time.monotonic() - self._read_at > self._kept_s:
            self.refresh()
        return self.known(host)

    def known(self, host: str) -> Domain | None:
        """The same from memory alone, for a door that may not wait and calls `refresh` elsewhere."""
        return self._known.get(bare_host(host)) if self._known and host else None

    def refresh(self) -> None:
        self._read_at = time.monotonic()
        try:
            self._known = self._load()
        except SQLAlchemyError:
            if self._known is None:
                raise


def bare_host(host: str) -> str:
    """Without a port and a final dot, in small letters."""
    name = host.partition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]
    return name.lower().removesuffix(".")
