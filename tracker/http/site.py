"""What the views of one running application share: settings, databases, and parts that packages bring."""

from collections.abc import Callable, Hashable
from threading import RLock
from typing import Any, TypeVar, cast

from flask import Flask, current_app

from config.database import Databases
from config.settings import Settings

_EXTENSION = "linkledger"
Part = TypeVar("Part")


class Site:
    """One application's shared state. It knows no part itself: whoever needs one says how it is made."""

    def __init__(self, settings: Settings, databases: Databases) -> None:
        self.settings, self.databases = settings, databases
        self._parts: dict[Hashable, Any] = {}
        self._making = RLock()

    def part(self, make: "Callable[[Site], Part]") -> Part:
        """The one object that `make` builds from this site, on the first call. `make` is the key."""
        if make not in self._parts:
            with self._making:
                if make not in self._parts:
                    self._parts[make] = make(self)
        return cast(Part, self._parts[make])


def install_site(app: Flask, site: Site) -> None:
    app.extensions[_EXTENSION] = site


def site() -> Site:
    """The site of the application that handles the present request."""
    return cast(Site, current_app.extensions[_EXTENSION])
