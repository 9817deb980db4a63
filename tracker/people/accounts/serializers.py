"""Brands, users and creators as JSON values."""

from typing import Any

from tracker.people.accounts.models import Creator, Membership, User
from tracker.times import utc_text


def user_answer(user: User) -> dict[str, Any]:
    return {"id": user.id, "name": user.name, "email": user.email, "created_at": utc_text(user.created_at)}


def membership_answer(membership: Membership) -> dict[str, Any]:
    return {
        "brand": membership.brand_id,
        "user": membership.user_id,
        "role": membership.role,
        "created_at": utc_text(membership.created_at),
    }


def creator_answer(creator: Creator) -> dict[str, Any]:
    return {
        "id": creator.id,
        "name": creator.name,
        "email": creator.email,
        "country": creator.country,
        "created_at": utc_text(creator.created_at),
    }
