from datetime import datetime

import pytest

from config.database import Databases
from config.settings import Settings
from tests.tracker.cast import Cast, bring_on
from tests.tracker.terminal import Terminal
from tracker.people.commands import COMMANDS as ABOUT_PEOPLE
from tracker.programs.commands import COMMANDS as ABOUT_PROGRAMS


@pytest.fixture
def cast(databases: Databases, now: datetime) -> Cast:
    return bring_on(databases, now)


@pytest.fixture
def terminal(settings: Settings) -> Terminal:
    return Terminal(settings, (*ABOUT_PEOPLE, *ABOUT_PROGRAMS))
