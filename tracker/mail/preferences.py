"""What people have chosen about messages. Messages about money and safety are always sent."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.insert import insert_into
from tracker.errors import Invalid
from tracker.ids import is_id, new_id
from tracker.language.texts import gettext as _
from tracker.mail.kinds import RULES, Choice, MailKind
from tracker.mail.models import MailPreference

CREATOR = "crt"


def choice_of(
    session: Session, kind: MailKind, *, user_id: str | None, creator_id: str | None = None
) -> Choice:
    """What counts for a person: the choice as a user, else as a creator, else the default of the kind."""
    if len(RULES[kind].choices) == 1:
        return RULES[kind].choices[0]
    for own in ({"user_id": user_id}, {"creator_id": creator_id}):
        if all(own.values()):
            query = select(MailPreference.choice).filter_by(kind=kind.value, **own)
            if (found := session.scalar(query)) is not None and found in RULES[kind].choices:
                return Choice(found)
    return RULES[kind].choices[0]


def choices_of(
    session: Session, *, user_id: str | None, creator_id: str | None = None
) -> Mapping[MailKind, Choice]:
    """The same for all kinds."""
    found = {kind: RULES[kind].choices[0] for kind in RULES}
    for own in ({"creator_id": creator_id}, {"user_id": user_id}):  # those of the user count
        if all(own.values()):
            for each in session.scalars(select(MailPreference).filter_by(**own)):
                kind = next((kind for kind in RULES if kind.value == each.kind), None)
                if kind is not None and each.choice in RULES[kind].choices:
                    found[kind] = Choice(each.choice)
    return found


def set_choices(session: Session, now: datetime, person_id: str, choices: Mapping[MailKind, str]) -> None:
    """Choose for several kinds. Raises Invalid, with the word of the kind as the field."""
    for kind, word in choices.items():
        known = next((choice for choice in RULES[kind].choices if choice.value == word), None)
        if known is None:
            raise Invalid(_("Choose one of the answers in the list."), field=kind.value)
        set_choice(session, now, person_id, kind, known)


def set_choice(session: Session, now: datetime, person_id: str, kind: MailKind, choice: Choice) -> None:
    """Choose for a user or a creator, by id. Raises Invalid for a choice that the kind does not have."""
    if choice not in RULES[kind].choices:
        raise Invalid("Messages about money and safety cannot be switched off.")
    column = "creator_id" if is_id(person_id, CREATOR) else "user_id"
    statement = insert_into(MailPreference, session).values(
        id=new_id("mpf", now),
        kind=kind.value,
        choice=choice.value,
        changed_at=now,
        **{column: person_id},
    )
    statement = statement.on_conflict_do_update(
        index_elements=[column, "kind"], set_={"choice": choice.value, "changed_at": now}
    )
    session.execute(statement)
