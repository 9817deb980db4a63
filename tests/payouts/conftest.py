from collections.abc import Iterator
from pathlib import Path

import pytest

from config.database import Databases
from config.settings import Settings
from payouts.transfers.sandbox.server import SandboxServer
from tests.payouts.cast import Books, open_books


@pytest.fixture
def sandbox_server(tmp_path: Path) -> Iterator[SandboxServer]:
    with SandboxServer(tmp_path / "sandbox.db") as server:
        yield server


@pytest.fixture
def books(settings: Settings, databases: Databases, sandbox_server: SandboxServer) -> Books:
    return open_books(settings, databases, sandbox_server)
