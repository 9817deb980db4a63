"""Each brand's settings for the signals of suspicion."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.insert import insert_once
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.errors import Invalid
from tracker.people.accounts.operations import get_brand
from tracker.people.accounts.rules import one_of
from tracker.sales.suspicion.models import SuspicionSetting
from tracker.sales.suspicion.rules import MAX_MANY_SALES, MIN_MANY_SALES, SETTINGS, Signal

SuspicionSettings = dict[Signal, str]


def suspicion_settings(session: Session, brand_ids: Collection[str]) -> dict[str, SuspicionSettings]:
    """By brand id, the setting of every signal."""
    found: dict[str, SuspicionSettings] = {
        brand_id: {signal: choices[0] for signal, choices in SETTINGS.items()} for brand_id in brand_ids
    }
    for row in session.scalars(select(SuspicionSetting).where(SuspicionSetting.brand_id.in_(found))):
        found[row.brand_id] |= {signal: row.setting for signal in SETTINGS if signal == row.signal}
    return found


def set_suspicion(
    session: Session, now: datetime, brand_id: str, signal: str, setting: str, *, actor: Actor
) -> SuspicionSettings:
    """Change a setting from now on; existing holds stay until a person decides. Raises Invalid."""
    brand = get_brand(session, brand_id)
    choices = next((choices for name, choices in SETTINGS.items() if name == signal), None)
    if choices is None:
        raise Invalid(f"{signal!r} is not a signal of suspicion. There are: {', '.join(SETTINGS)}.")
    if signal == "many_sales" and setting != "off":
        setting = _threshold(setting)
    else:
        one_of(setting, choices, f"The setting of {signal}")
    former = suspicion_settings(session, [brand.id])[brand.id]
    if not insert_once(session, SuspicionSetting, brand_id=brand.id, signal=signal, setting=setting):
        session.execute(
            update(SuspicionSetting)
            .where(SuspicionSetting.brand_id == brand.id, SuspicionSetting.signal == signal)
            .values(setting=setting)
        )
    settings = suspicion_settings(session, [brand.id])[brand.id]
    if settings != former:
        before, after = ({signal: _of(each, signal)} for each in (former, settings))
        whose = about(Subject.BRAND, brand.id, brand.id)
        record(session, now, actor, Action.SUSPICION_SET, **whose, before=before, after=after)
    return settings


def _of(settings: SuspicionSettings, signal: str) -> str:
    return next(value for name, value in settings.items() if name == signal)


def _threshold(setting: str) -> str:
    if not (setting.isascii() and setting.isdigit() and MIN_MANY_SALES <= int(setting) <= MAX_MANY_SALES):
        raise Invalid(
            f"The setting of many_sales must be off or an integer from {MIN_MANY_SALES} to {MAX_MANY_SALES}: "
            "sales of one visitor are held when there are that many or more in a day."
        )
    return str(int(setting))
