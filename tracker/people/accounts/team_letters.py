"""The mail to the owners of a brand when its team changes, so that no access is given behind their backs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from tracker.audit.actors import Actor, ActorKind
from tracker.language.texts import current_language, use_language
from tracker.language.texts import gettext as _
from tracker.mail.compose import MailLook, compose
from tracker.mail.kinds import MailKind
from tracker.mail.letters import Recipient
from tracker.mail.outbox import queue
from tracker.people.accounts.models import Brand, Membership, User
from tracker.people.accounts.roles import Role, role_name


@dataclass(frozen=True)
class TeamChange:
    """A member of a brand, and the role from now on; None when it was taken away. `is_new`: the first one."""

    brand_id: str
    user_id: str
    role: Role | None
    is_new: bool = False


def owners_of(session: Session, brand_id: str) -> Sequence[User]:
    return session.scalars(
        select(User)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.brand_id == brand_id, Membership.role == Role.OWNER.value)
        .order_by(User.id)
    ).all()


def tell_owners(
    session: Session, now: datetime, owners: Iterable[User], change: TeamChange, actor: Actor, entry_id: str
) -> None:
    """Queue a mail to each of these owners, also to who changed it. entry_id: of the audit entry about it."""
    brand, person = session.get_one(Brand, change.brand_id), session.get_one(User, change.user_id)
    who = session.get(User, actor.identifier) if actor.kind is ActorKind.USER else None
    for owner in owners:
        language = owner.language or current_language()
        with use_language(language):
            title = _title(change, person.name, brand.name)
        letter = compose(
            "team_changed", language, MailLook(brand.name), title=title, who=None if who is None else who.name
        )
        queue(
            session,
            now,
            letter,
            Recipient(owner.email, owner.name, language, user_id=owner.id),
            kind=MailKind.TEAM_CHANGED,
            key=f"team_changed:{entry_id}:{owner.id}",
            keys=(),
            brand_id=brand.id,
            subject_id=person.id,
        )


def _title(change: TeamChange, person: str, brand: str) -> str:
    if change.role is None:
        return _("%(person)s has no role at %(brand)s any more", person=person, brand=brand)
    role = role_name(change.role)
    if change.is_new:
        return _("%(person)s is new at %(brand)s, as: %(role)s", person=person, brand=brand, role=role)
    return _("The role of %(person)s at %(brand)s is now: %(role)s", person=person, brand=brand, role=role)
