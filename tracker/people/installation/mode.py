"""Practice or real: decided once, and kept with the installation."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.insert import insert_once
from config.settings import Settings
from tracker.errors import Conflict
from tracker.people.installation.models import Installation
from tracker.people.installation.rules import Mode, RailSettings, needs_of

THE_ONE = 1


def rail_settings(settings: Settings) -> RailSettings:
    return RailSettings(settings.rail, settings.stripe_api_key, settings.env, settings.base_url)


def decide_mode(session: Session, now: datetime, mode: Mode, given: RailSettings) -> None:
    """Store what the installation is for. Of two set-ups at the same time, one gets Conflict.

    Raises Conflict also when the settings do not fit the mode.
    """
    if needs_of(mode, given):
        raise Conflict("The settings do not fit what you chose; nothing was written.")
    if not insert_once(session, Installation, number=THE_ONE, mode=mode.value, decided_at=now):
        raise Conflict("Somebody else has just set up this installation; nothing was written. Sign in.")


def mode_of(session: Session) -> Mode | None:
    """What the installation was set up for; None when it was never set up in the browser."""
    stored = session.scalar(select(Installation.mode).where(Installation.number == THE_ONE))
    return None if stored is None else Mode(stored)


def require_fitting_rail(session: Session, given: RailSettings) -> None:
    """Raises Conflict when an installation for practice has a rail that pays real money."""
    if mode_of(session) is Mode.PRACTICE and given.pays_money:
        raise Conflict(
            "This installation was set up for practice, and LINKLEDGER_RAIL=stripe with this key pays real "
            "money. Set LINKLEDGER_RAIL=sandbox. To pay real money, set up a new installation: another "
            "LINKLEDGER_HOME or an empty database."
        )
