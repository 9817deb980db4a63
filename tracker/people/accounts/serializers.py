"""Brands, users, creators and keys as JSON values, the same at every door."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tracker.money import Money
from tracker.people.accounts.models import ApiKey, Brand, Creator, Membership, User
from tracker.programs.policies import PolicyVersion
from tracker.programs.rules import CreditPolicy
from tracker.times import utc_text


def brand_answer(brand: Brand, hosts: Sequence[str], policy: CreditPolicy) -> dict[str, Any]:
    """`policy` is the version in force."""
    return {
        "id": brand.id,
        "name": brand.name,
        "currency": brand.currency,
        "timezone": brand.timezone,
        "minimum": Money(brand.minimum_minor, brand.currency).as_json(),
        "cadence": brand.cadence,
        "review_days": brand.review_days,
        **_policy(policy),
        "hosts": list(hosts),
        "fallback_url": brand.fallback_url,
        "created_at": utc_text(brand.created_at),
    }


def policy_answer(version: PolicyVersion) -> dict[str, Any]:
    return {
        "version": version.version,
        "effective_at": utc_text(version.effective_at),
        **_policy(version.policy),
    }


def _policy(policy: CreditPolicy) -> dict[str, Any]:
    return {
        "attribution_model": policy.model,
        "coupon_policy": policy.coupons,
        "customer_policy": policy.customers,
        "customer_months": policy.months,
    }


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


def key_answer(key: ApiKey) -> dict[str, Any]:
    """Without its secret, which is kept nowhere, and the hash of it, which is nobody's business."""
    return {
        "id": key.id,
        "brand": key.brand_id,
        "name": key.name,
        "scopes": key.scopes,
        "created_at": utc_text(key.created_at),
        "expires_at": _time(key.expires_at),
        "revoked_at": _time(key.revoked_at),
        "last_used_at": _time(key.last_used_at),
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else utc_text(at)
