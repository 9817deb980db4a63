"""Versions of a brand's attribution policy, each with the time from which it is in force.

The policy belongs to the brand; rate and window belong to the program's terms (docs/money.md 5).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from config.insert import insert_once
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.errors import Conflict, Invalid, NotFound
from tracker.ids import new_id
from tracker.people.accounts.models import Brand
from tracker.programs.models import PolicyChange
from tracker.programs.rules import NOTICE_DAYS, AttributionPolicy, effective_time, is_policy_cut


def _columns(table: type[Brand | PolicyChange]) -> tuple[Any, ...]:
    """The policy columns, in the order of the fields of AttributionPolicy."""
    return (table.attribution_model, table.coupon_policy, table.customer_policy, table.customer_months)


_VERSIONS = (
    select(
        *_columns(Brand),
        Brand.created_at,
        PolicyChange.version,
        PolicyChange.effective_at,
        *_columns(PolicyChange),
    )
    .join(PolicyChange, PolicyChange.brand_id == Brand.id, isouter=True)
    .where(Brand.id == bindparam("brand_id"))
    .order_by(PolicyChange.version)
)
"""A module constant, because every sale runs this query."""


@dataclass(frozen=True)
class PolicyVersion:
    """One version: `policy` is in force from `effective_at` until the next version takes effect."""

    version: int
    effective_at: datetime
    policy: AttributionPolicy


@dataclass(frozen=True)
class PolicyHistory:
    """All versions of a brand's policy, oldest first. Version 1 was set when the brand was created."""

    versions: Sequence[PolicyVersion]

    @property
    def first_effective_at(self) -> datetime:
        """When the brand was created."""
        return self.versions[0].effective_at

    @property
    def newest(self) -> PolicyVersion:
        """The version with the highest number; it may not be in force yet."""
        return self.versions[-1]

    @property
    def can_bind_customers(self) -> bool:
        """Whether any version binds a customer beyond their first sale."""
        return any(each.policy.customers != "first_sale" for each in self.versions)

    def at(self, time: datetime) -> PolicyVersion:
        """The version in force at that time; the first version for all times before it."""
        return next((each for each in reversed(self.versions) if each.effective_at <= time), self.versions[0])


def load_policies(session: Session, brand_id: str) -> PolicyHistory:
    """The policy history of a brand, in one query. Raises NotFound."""
    rows = session.connection().execute(_VERSIONS, {"brand_id": brand_id}).all()
    if not rows:
        raise NotFound(f"There is no brand {brand_id}. See them with: linkledger brand list")
    *first_policy, created_at = rows[0][:5]
    changes = [
        PolicyVersion(version, effective_at, AttributionPolicy(*policy))
        for version, effective_at, *policy in (row[5:] for row in rows)
        if version is not None
    ]
    return PolicyHistory([PolicyVersion(1, created_at, AttributionPolicy(*first_policy)), *changes])


def change_policy(
    session: Session,
    now: datetime,
    *,
    actor: Actor,
    brand_id: str,
    effective_at: datetime | None = None,
    notice_days: int = NOTICE_DAYS,
    **changes: Any,
) -> PolicyVersion:
    """Add a version that differs from the newest one by `changes` (model, coupons, customers, months).

    Without `effective_at` it takes effect as early as possible: a cut after its notice, any other change at
    once. Earlier sales keep the policy of their time. Raises Invalid, Conflict, and NotFound for the brand.
    """
    newest = load_policies(session, brand_id).newest
    if changes.get("customers", newest.policy.customers) != "months":
        changes.setdefault("months", None)
    new = replace(newest.policy, **changes)
    if new == newest.policy:
        raise Invalid(f"Nothing changes: version {newest.version} of the policy is already the same.")
    start = effective_time(
        now,
        newest.effective_at,
        effective_at,
        cut=is_policy_cut(newest.policy, new),
        notice_days=notice_days,
    )
    made = PolicyVersion(newest.version + 1, start, new)
    _insert_version(session, now, brand_id, made)
    before, after = ({"effective_at": each.effective_at, **vars(each.policy)} for each in (newest, made))
    whose = about(Subject.BRAND, brand_id, brand_id)
    record(session, now, actor, Action.BRAND_POLICY_CHANGE, **whose, before=before, after=after)
    return made


def _insert_version(session: Session, now: datetime, brand_id: str, made: PolicyVersion) -> None:
    """Raises Conflict when this version exists already."""
    inserted = insert_once(
        session,
        PolicyChange,
        id=new_id("pol", now),
        brand_id=brand_id,
        version=made.version,
        effective_at=made.effective_at,
        attribution_model=made.policy.model,
        coupon_policy=made.policy.coupons,
        customer_policy=made.policy.customers,
        customer_months=made.policy.months,
        created_at=now,
    )
    if not inserted:
        raise Conflict(f"Someone else has just created version {made.version} of the policy; check it first.")
