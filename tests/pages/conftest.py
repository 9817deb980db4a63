"""The small installation, told once and copied for each test that changes it."""

from collections.abc import Iterator

import pytest
import time_machine
from flask import Flask

from config.settings import Settings
from tests.harness.databases.snapshots import Snapshot, database_seed_for
from tests.pages.installation import NOON, Installation, furnish
from tracker.http.site import site
from wsgi import create_app

database_seed = database_seed_for(installation=furnish)


@pytest.fixture
def database_kind() -> str:
    """One is enough: pages read both databases with the same queries, which other tests run on both."""
    return "sqlite"


@pytest.fixture
def installation(snapshot: Snapshot) -> Installation:
    found: Installation = snapshot.known
    return found


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    made = create_app(settings)
    with time_machine.travel(NOON):
        yield made
    with made.app_context():
        site().databases.close()
