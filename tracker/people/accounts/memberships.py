"""Members of a brand: add and list them, change a role, take a role away. A brand always keeps an owner."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from config.affected import affected_rows
from config.insert import insert_once
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.errors import Conflict, NotFound
from tracker.people.accounts.models import Brand, Membership, User
from tracker.people.accounts.operations import get_brand, get_user
from tracker.people.accounts.roles import Role, role_named
from tracker.people.accounts.team_letters import TeamChange, owners_of, tell_owners


def list_members(session: Session, brand_id: str) -> Sequence[tuple[Membership, User]]:
    """The members of a brand with their users, in the order of their names."""
    found = session.execute(
        select(Membership, User)
        .join(User, User.id == Membership.user_id)
        .where(Membership.brand_id == brand_id)
        .order_by(User.name, User.id)
    )
    return [(member, user) for member, user in found]


def add_member(
    session: Session,
    now: datetime,
    *,
    brand_id: str,
    user_id: str,
    role: str,
    actor: Actor | None = None,
) -> Membership:
    """Give a user a role at a brand. Raises Conflict when the user already has a role there.

    `actor`: as for `create_user`.
    """
    brand, user, given = get_brand(session, brand_id), get_user(session, user_id), role_named(role)
    if not insert_once(
        session, Membership, brand_id=brand.id, user_id=user.id, role=given.value, created_at=now
    ):
        raise Conflict(f"User {user.id} is already a member of brand {brand.id}; nothing was written.")
    if actor is not None:
        record_new_member(session, now, actor, brand.id, user.id, given)
    return session.get_one(Membership, (brand.id, user.id))


def record_new_member(
    session: Session, now: datetime, actor: Actor, brand_id: str, user_id: str, role: Role
) -> None:
    """Record that a member was added, and tell the other owners of the brand by mail."""
    subject = about(Subject.USER, user_id, brand_id)
    entry_id = record(session, now, actor, Action.MEMBER_ADD, **subject, after={"role": role.value})
    owners = [owner for owner in owners_of(session, brand_id) if owner.id != user_id]
    change = TeamChange(brand_id, user_id, role, is_new=True)
    tell_owners(session, now, owners, change, actor, entry_id)


def set_role(
    session: Session, now: datetime, *, actor: Actor, brand_id: str, user_id: str, role: Role
) -> Membership:
    """Change a member's role. Raises NotFound, and Conflict when the brand would lose its last owner."""
    former, owners = _locked_role(session, brand_id, user_id), owners_of(session, brand_id)
    changed = update(Membership).where(*_this(brand_id, user_id)).values(role=role.value)
    if role is not Role.OWNER:
        changed = changed.where(_an_owner_stays(brand_id, user_id))
    if affected_rows(session, changed) != 1:
        raise _last_owner()
    session.expire_all()
    entry_id = record(
        session,
        now,
        actor,
        Action.MEMBER_ROLE_SET,
        **about(Subject.USER, user_id, brand_id),
        before={"role": former.value},
        after={"role": role.value},
    )
    if role is not former:
        tell_owners(session, now, owners, TeamChange(brand_id, user_id, role), actor, entry_id)
    return session.get_one(Membership, (brand_id, user_id))


def remove_member(session: Session, now: datetime, *, actor: Actor, brand_id: str, user_id: str) -> None:
    """Take a member's role away. Raises NotFound, and Conflict for the last owner."""
    former, owners = _locked_role(session, brand_id, user_id), owners_of(session, brand_id)
    removed = delete(Membership).where(*_this(brand_id, user_id), _an_owner_stays(brand_id, user_id))
    if affected_rows(session, removed) != 1:
        raise _last_owner()
    subject = about(Subject.USER, user_id, brand_id)
    entry_id = record(session, now, actor, Action.MEMBER_REMOVE, **subject, before={"role": former.value})
    tell_owners(session, now, owners, TeamChange(brand_id, user_id, None), actor, entry_id)


def _locked_role(session: Session, brand_id: str, user_id: str) -> Role:
    """The member's role. Locks the brand first: two owners who remove each other must not both succeed."""
    session.execute(select(Brand.id).where(Brand.id == brand_id).with_for_update(key_share=True))
    stored = session.scalar(select(Membership.role).where(*_this(brand_id, user_id)))
    if stored is None:
        raise NotFound("This person has no role at this brand. See: linkledger member list --brand ID")
    return role_named(stored)


def _this(brand_id: str, user_id: str) -> tuple[ColumnElement[bool], ...]:
    return (Membership.brand_id == brand_id, Membership.user_id == user_id)


def _an_owner_stays(brand_id: str, user_id: str) -> ColumnElement[bool]:
    other = aliased(Membership)
    others = and_(other.brand_id == brand_id, other.user_id != user_id, other.role == Role.OWNER.value)
    return or_(Membership.role != Role.OWNER.value, exists().where(others))


def _last_owner() -> Conflict:
    return Conflict("A brand needs an owner, and this is the last one. Make somebody else owner first.")
