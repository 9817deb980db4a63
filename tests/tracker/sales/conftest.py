from collections.abc import Iterator

import pytest

from config.database import Databases
from config.settings import Settings
from tests.harness.databases.snapshots import Snapshot, database_seed_for
from tests.tracker.sales.api.hook_server import Server, serving
from tests.tracker.sales.programs import Program, new_key, whole_application
from tests.tracker.sales.shop import Shop, open_teas
from tests.tracker.terminal import Terminal
from tracker.sales.commands import COMMANDS

database_seed = database_seed_for(shop=open_teas)


@pytest.fixture
def shop(snapshot: Snapshot, databases: Databases) -> Shop:
    opened: Shop = snapshot.known
    return opened.moved_to(databases)


@pytest.fixture
def terminal(settings: Settings) -> Terminal:
    return Terminal(settings, COMMANDS)


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    with serving(settings) as running:
        yield running


@pytest.fixture
def program(settings: Settings, shop: Shop) -> Iterator[Program]:
    """Lets itself in for reading and writing."""
    with whole_application(settings) as client:
        yield Program(client, new_key(shop, "sales:write", "sales:read"))
