"""Users, memberships and creators as JSON values."""

from typing import Any

from tracker.people.accounts.models import Creator, Membership, User
from tracker.people.accounts.roles import role_named
from tracker.times import format_utc


def user_json(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "is_operator": user.is_operator,
        "created_at": format_utc(user.created_at),
    }


def membership_json(membership: Membership) -> dict[str, Any]:
    return {
        "brand": membership.brand_id,
        "user": membership.user_id,
        "role": role_named(membership.role).value,
        "created_at": format_utc(membership.created_at),
    }


def creator_json(creator: Creator) -> dict[str, Any]:
    return {
        "id": creator.id,
        "name": creator.name,
        "email": creator.email,
        "country": creator.country,
        "created_at": format_utc(creator.created_at),
    }
