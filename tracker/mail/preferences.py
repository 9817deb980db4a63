"""What people have chosen about messages. Messages about money and safety are always sent."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.insert import insert_into
from tracker.errors import Invalid
from tracker.ids import is_id, new_id
from tracker.mail.kinds import RULES, Choice, MailKind
from tracker.mail.models import MailPreference

CREATOR = "crt"


def choice_of(
    session: Session, kind: MailKind, *, user_id: str | None, creator_id: str | None = None
) -> Choice:
    """What counts for a person: the choice as a user, else as a creator, else the default of the kind."""
    for own in ({"user_id": user_id}, {"creator_id": creator_id}):
        if all(own.values()):
            query = select(MailPreference.choice).filter_by(kind=kind.value, **own)
            if (found := session.scalar(query)) is not None and found in RULES[kind].choices:
                return Choice(found)
    return RULES[kind].choices[0]


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
