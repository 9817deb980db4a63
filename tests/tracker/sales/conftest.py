from collections.abc import Iterator

import pytest

from config.database import Databases
from config.settings import Settings
from tests.cast.api import ApiClient, Terminal, application_client
from tests.cast.people import new_key
from tests.cast.shop import Shop, seed_shop
from tests.harness.databases.snapshots import Snapshot, database_seed_for
from tests.tracker.sales.api.hook_server import Server, serving
from tracker.sales.commands import COMMANDS

database_seed = database_seed_for(shop=seed_shop)


@pytest.fixture
def shop(snapshot: Snapshot, databases: Databases) -> Shop:
    opened: Shop = snapshot.known
    return opened.with_databases(databases)


@pytest.fixture
def terminal(settings: Settings) -> Terminal:
    return Terminal(settings, COMMANDS)


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    with serving(settings) as running:
        yield running


@pytest.fixture
def api_client(settings: Settings, shop: Shop) -> Iterator[ApiClient]:
    """A client with a key of the shop's brand that may write and read sales."""
    with application_client(settings) as client:
        yield ApiClient(client, new_key(shop.databases, shop.brand_id, "sales:write", "sales:read"))
