"""Practice or real: what each needs, decided once, and never paid by mistake."""

from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from config.database import Databases, read_session, transact
from tracker.errors import Conflict
from tracker.people.installation.mode import decide_mode, mode_of, require_fitting_rail
from tracker.people.installation.rules import Mode, Need, RailSettings, needs_of

SANDBOX = RailSettings("sandbox", "", "development", "")
TEST = RailSettings("stripe", "sk_test_1", "production", "https://links.example")
LIVE = RailSettings("stripe", "sk_live_1", "production", "https://links.example")


def decide(databases: Databases, now: datetime, mode: Mode, given: RailSettings) -> None:
    transact(databases.main, lambda session: decide_mode(session, now, mode, given))


def test_real_names_every_setting_that_is_missing() -> None:
    assert needs_of(Mode.REAL, SANDBOX) == [Need.RAIL, Need.KEY, Need.ENVIRONMENT, Need.BASE_URL]
    assert needs_of(Mode.REAL, TEST) == [Need.LIVE_KEY]
    assert needs_of(Mode.REAL, LIVE) == []


def test_practice_needs_a_rail_that_pays_nothing() -> None:
    assert needs_of(Mode.PRACTICE, SANDBOX) == []
    assert needs_of(Mode.PRACTICE, TEST) == []
    assert needs_of(Mode.PRACTICE, LIVE) == [Need.NO_MONEY]


@pytest.mark.parametrize(("mode", "given"), [(Mode.PRACTICE, SANDBOX), (Mode.REAL, LIVE)])
def test_the_mode_is_decided_once(
    databases: Databases, now: datetime, mode: Mode, given: RailSettings
) -> None:
    decide(databases, now, mode, given)
    with pytest.raises(Conflict, match="Somebody else"):
        decide(databases, now, mode, given)
    with read_session(databases.main) as session:
        assert mode_of(session) is mode


def test_a_mode_that_the_settings_do_not_fit_is_not_stored(databases: Databases, now: datetime) -> None:
    for mode, given in ((Mode.REAL, SANDBOX), (Mode.PRACTICE, LIVE)):
        with pytest.raises(Conflict, match="do not fit"):
            decide(databases, now, mode, given)
    with read_session(databases.main) as session:
        assert mode_of(session) is None


def test_the_database_refuses_to_change_the_mode(databases: Databases, now: datetime) -> None:
    decide(databases, now, Mode.PRACTICE, SANDBOX)
    for change in ("update installation set mode = 'real'", "delete from installation"):
        with pytest.raises(DBAPIError, match="never changed"), databases.main.begin() as connection:
            connection.execute(text(change))


def test_practice_is_not_served_with_a_rail_that_pays_real_money(databases: Databases, now: datetime) -> None:
    with read_session(databases.main) as session:
        require_fitting_rail(session, LIVE)  # it was never set up in the browser
    decide(databases, now, Mode.PRACTICE, SANDBOX)
    with read_session(databases.main) as session:
        require_fitting_rail(session, TEST)
        with pytest.raises(Conflict, match="LINKLEDGER_RAIL=sandbox"):
            require_fitting_rail(session, LIVE)
