"""What the views of one running application share."""

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from config.database import Databases
from config.settings import Settings
from tracker.clicks.recorder import Recorder

_EXTENSION = "linkledger"


@dataclass(frozen=True)
class Site:
    settings: Settings
    databases: Databases
    recorder: Recorder


def install(app: Flask, site: Site) -> None:
    app.extensions[_EXTENSION] = site


def site() -> Site:
    """The site of the application that handles the present request."""
    return cast(Site, current_app.extensions[_EXTENSION])
