import pytest

from config.database import open_databases
from config.settings import Settings
from tests.cast.api import Terminal
from tests.cast.people import Cast, create_cast
from tests.harness.databases.snapshots import NOW, Snapshot, database_seed_for
from tracker.people.accounts.commands import COMMANDS as ABOUT_PEOPLE
from tracker.programs.brand_commands import brand_commands, creator_commands
from tracker.programs.commands import COMMANDS as ABOUT_PROGRAMS


def people(settings: Settings) -> Cast:
    databases = open_databases(settings)
    cast = create_cast(databases, NOW)
    databases.close()
    return cast


database_seed = database_seed_for(cast=people)


@pytest.fixture
def cast(snapshot: Snapshot) -> Cast:
    found: Cast = snapshot.known
    return found


@pytest.fixture
def terminal(settings: Settings) -> Terminal:
    return Terminal(settings, (*ABOUT_PEOPLE, brand_commands, creator_commands, *ABOUT_PROGRAMS))
