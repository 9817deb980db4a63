"""What the views of one running application share."""

from dataclasses import dataclass
from functools import cached_property
from typing import cast

from flask import Flask, current_app

from config.database import Databases
from config.settings import Settings
from tracker.clicks.counting.confirmations import Sightings
from tracker.clicks.counting.visitor_keys import VisitorKeys
from tracker.clicks.recording.recorder import Recorder
from tracker.clicks.redirect.link_cache import LinkCache, library
from tracker.people.access.failed_attempts import FailedAttempts
from tracker.sales.inbox.group_commit import Intake
from tracker.sales.sources.cache import KnownSources

_EXTENSION = "linkledger"


@dataclass(frozen=True)
class Site:
    settings: Settings
    databases: Databases
    recorder: Recorder

    @cached_property
    def links(self) -> LinkCache:
        return LinkCache(library(self.databases.main))

    @cached_property
    def intake(self) -> Intake:
        return Intake(self.databases.main, self.settings.secret_keys)

    @cached_property
    def sources(self) -> KnownSources:
        return KnownSources(self.databases.main, self.settings.secret_keys)

    @cached_property
    def sightings(self) -> Sightings:
        return Sightings(self.settings.clicks_url, self.settings.secret_keys)

    @cached_property
    def visitor_keys(self) -> VisitorKeys:
        return VisitorKeys(self.settings.home)

    @cached_property
    def failed_attempts(self) -> FailedAttempts:
        return FailedAttempts()


def install(app: Flask, site: Site) -> None:
    app.extensions[_EXTENSION] = site


def site() -> Site:
    """The site of the application that handles the present request."""
    return cast(Site, current_app.extensions[_EXTENSION])
