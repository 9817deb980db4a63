"""Fixtures that run a test of the redirect at both entry points."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime

import pytest

from config.database import Databases
from config.settings import Settings
from tests.cast.people import Cast
from tests.tracker.clicks.entry_points import ENTRY_POINTS, EntryPoint, make_link
from tests.tracker.clicks.in_process import IN_PROCESS, OpenInProcess, SendRequest


@pytest.fixture(params=ENTRY_POINTS)
def entry_point(
    request: pytest.FixtureRequest, settings: Settings, databases: Databases, cast: Cast, now: datetime
) -> Iterator[EntryPoint]:
    """Each entry point behind a real server, with Anna's link."""
    small = settings.model_copy(update={"spool_mb": 1})
    with ENTRY_POINTS[request.param](small, databases, make_link(databases, cast, now)) as opened:
        yield opened


@pytest.fixture(params=IN_PROCESS)
def in_process(request: pytest.FixtureRequest) -> OpenInProcess:
    """Each entry point without a server, to be opened with the settings of the test."""

    def opened(settings: Settings) -> AbstractContextManager[SendRequest]:
        return IN_PROCESS[request.param](settings.model_copy(update={"spool_mb": 1}))

    return opened
