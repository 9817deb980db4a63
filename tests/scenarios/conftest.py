from random import Random

import pytest

from config.database import Databases
from config.settings import Settings
from tests.cast.shop import Shop
from tests.payouts.conftest import books as books
from tests.payouts.conftest import database_seed as database_seed
from tests.payouts.conftest import sandbox_server as sandbox_server
from tests.payouts.conftest import short_sdk_delays as short_sdk_delays
from tests.scenarios.runner import create_shop_without_suspicion


@pytest.fixture
def shop(settings: Settings, databases: Databases) -> Shop:
    return create_shop_without_suspicion(settings, databases)


@pytest.fixture
def rng(pytestconfig: pytest.Config) -> Random:
    """A random generator with the seed of --scenario-seed, or a new one. It is shown when a test fails."""
    seed = pytestconfig.getoption("--scenario-seed")
    seed = Random().randrange(10**6) if seed is None else seed
    print(f"repeat with: --scenario-seed={seed}")  # noqa: T201
    return Random(seed)
