"""The details that a person keeps about themselves."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.errors import Invalid
from tracker.language.texts import LANGUAGES
from tracker.language.texts import gettext as _
from tracker.people.accounts.models import User
from tracker.people.accounts.rules import normalize_name, validate_timezone


def edit_details(
    session: Session,
    now: datetime,
    *,
    actor: Actor,
    user_id: str,
    name: str,
    language: str,
    timezone: str,
) -> None:
    """Change name, language and time zone. "" as the language follows the browser, as the zone is UTC.

    Raises Invalid, with the field.
    """
    user = session.get_one(User, user_id)
    new = {
        "name": _at_field("name", normalize_name, name),
        "language": language or None,
        "timezone": _at_field("timezone", validate_timezone, timezone) if timezone else None,
    }
    if language and language not in LANGUAGES:
        raise Invalid(_("Choose one of the languages in the list."), field="language")
    before = {field: getattr(user, field) for field, value in new.items() if getattr(user, field) != value}
    if not before:
        return
    for field in before:
        setattr(user, field, new[field])
    session.flush()
    after = {field: new[field] for field in before if field != "name"}
    personal = {"name": new["name"], "former_name": before["name"]} if "name" in before else None
    record(
        session,
        now,
        actor,
        Action.USER_EDIT,
        **about(Subject.USER, user_id),
        before={field: value for field, value in before.items() if field != "name"},
        after=after,
        personal=personal,
    )


def _at_field(field: str, check: Callable[[str], str], value: str) -> str:
    try:
        return check(value)
    except Invalid as error:
        raise Invalid(str(error), field=field) from None
