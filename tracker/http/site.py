"""The shared state of the views of one application: settings, databases, and objects that packages add."""

from collections.abc import Callable, Hashable
from threading import RLock
from typing import Any, TypeVar, cast

from flask import Flask, current_app

from config.database import Databases
from config.settings import Settings

_EXTENSION = "linkledger"
Part = TypeVar("Part")


class Site:
    """The shared state of one application. Packages add their own objects with `part`."""

    def __init__(self, settings: Settings, databases: Databases) -> None:
        self.settings, self.databases = settings, databases
        self._parts: dict[Hashable, Any] = {}
        self._lock = RLock()

    def part(self, make: "Callable[[Site], Part]") -> Part:
        """The single object that `make` builds from this site on the first call. `make` itself is the key."""
        if make not in self._parts:
            with self._lock:
                if make not in self._parts:
                    self._parts[make] = make(self)
        return cast(Part, self._parts[make])


def install_site(app: Flask, site: Site) -> None:
    app.extensions[_EXTENSION] = site


def site() -> Site:
    """The site of the application that handles the current request."""
    return cast(Site, current_app.extensions[_EXTENSION])
