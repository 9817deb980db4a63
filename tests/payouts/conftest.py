from collections.abc import Iterator
from dataclasses import replace

import pytest
import stripe

from config.database import Databases
from config.settings import Settings
from payouts.transfers.sandbox.server import SandboxServer
from tests.cast.books import Books
from tests.cast.months import DEFAULT_SEED, sandbox_file
from tests.harness.databases.snapshots import Snapshot, database_seed_for


@pytest.fixture(scope="session", autouse=True)
def short_sdk_delays() -> Iterator[None]:
    """How long Stripe's SDK waits before it repeats a harmless call is its own affair."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.01)
        yield


database_seed = database_seed_for(books=DEFAULT_SEED)


@pytest.fixture
def sandbox_server(settings: Settings) -> Iterator[SandboxServer]:
    with SandboxServer(sandbox_file(settings)) as server:
        yield server


@pytest.fixture
def books(
    snapshot: Snapshot, settings: Settings, databases: Databases, sandbox_server: SandboxServer
) -> Books:
    """The cast, or what has become of it in the opening of these tests."""
    opened: Books = snapshot.known[0]
    return replace(opened, settings=settings, databases=databases, sandbox=sandbox_server)
