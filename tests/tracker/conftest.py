import pytest

from config.database import open_databases
from config.settings import Settings
from tests.harness.databases.snapshots import NOW, Stage, opening_for
from tests.tracker.cast import Cast, bring_on
from tests.tracker.terminal import Terminal
from tracker.people.accounts.commands import COMMANDS as ABOUT_PEOPLE
from tracker.programs.brand_commands import COMMANDS as ABOUT_BRANDS
from tracker.programs.commands import COMMANDS as ABOUT_PROGRAMS


def people(settings: Settings) -> Cast:
    databases = open_databases(settings)
    cast = bring_on(databases, NOW)
    databases.close()
    return cast


opening = opening_for(cast=people)


@pytest.fixture
def cast(stage: Stage) -> Cast:
    found: Cast = stage.known
    return found


@pytest.fixture
def terminal(settings: Settings) -> Terminal:
    return Terminal(settings, (*ABOUT_PEOPLE, *ABOUT_BRANDS, *ABOUT_PROGRAMS))
