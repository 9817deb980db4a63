import pytest

from config.database import Databases
from config.settings import Settings
from tests.harness.databases.snapshots import Snapshot, database_seed_for
from tests.payouts.rule_tables.command_line import CommandLine
from tests.payouts.rule_tables.opening import NEW_BRAND

database_seed = database_seed_for(terminal=NEW_BRAND)


@pytest.fixture
def terminal(settings: Settings, databases: Databases, snapshot: Snapshot) -> CommandLine:
    """The command line, about a new brand or what has become of it in the opening of these tests."""
    return CommandLine(settings, databases, snapshot.known[0])
