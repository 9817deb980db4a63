"""By which policy a brand's sales are credited: versioned, each from a time on.

The policy is the brand's, rate and window are the program's terms (docs/money.md 5).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from config.insert import insert_once
from tracker.errors import Conflict, Invalid, NotFound
from tracker.ids import new_id
from tracker.people.accounts.models import Brand
from tracker.programs.models import PolicyChange
from tracker.programs.rules import NOTICE_DAYS, CreditPolicy, effective_time, is_policy_cut


def _columns(table: type[Brand | PolicyChange]) -> tuple[Any, ...]:
    """In the order of CreditPolicy's fields."""
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
"""Made once: every sale asks for them."""


@dataclass(frozen=True)
class PolicyVersion:
    """`policy` holds from `effective_at` on, until the next version does."""

    version: int
    effective_at: datetime
    policy: CreditPolicy


@dataclass(frozen=True)
class PolicyHistory:
    """Every version, the first one first: that is the one that the brand began with."""

    versions: Sequence[PolicyVersion]

    @property
    def first_effective_at(self) -> datetime:
        """When the brand was created."""
        return self.versions[0].effective_at

    @property
    def newest(self) -> PolicyVersion:
        """In force, or still to come."""
        return self.versions[-1]

    @property
    def can_bind_customers(self) -> bool:
        """Whether any version binds a customer beyond his first sale."""
        return any(each.policy.customers != "first_sale" for each in self.versions)

    def at(self, time: datetime) -> PolicyVersion:
        """The version in force then; before the first one took effect, that one."""
        return next((each for each in reversed(self.versions) if each.effective_at <= time), self.versions[0])


def load_policies(session: Session, brand_id: str) -> PolicyHistory:
    """In one query. Raises NotFound."""
    rows = session.connection().execute(_VERSIONS, {"brand_id": brand_id}).all()
    if not rows:
        raise NotFound(f"There is no brand {brand_id}. See them with: linkledger brand list")
    *began_with, created_at = rows[0][:5]
    changes = [
        PolicyVersion(version, effective_at, CreditPolicy(*policy))
        for version, effective_at, *policy in (row[5:] for row in rows)
        if version is not None
    ]
    return PolicyHistory([PolicyVersion(1, created_at, CreditPolicy(*began_with)), *changes])


def change_policy(
    session: Session,
    now: datetime,
    *,
    brand_id: str,
    effective_at: datetime | None = None,
    notice_days: int = NOTICE_DAYS,
    **changes: Any,
) -> PolicyVersion:
    """Add a version that differs from the newest one by `changes` (model, coupons, customers, months).

    Without `effective_at` it takes effect as early as it may: what is no cut at once, a cut after its notice.
    Sales before that keep the policy that was in force. Raises Invalid, and NotFound for the brand.
    """
    newest = load_policies(session, brand_id).newest
    if changes.get("customers", newest.policy.customers) != "months":
        changes.setdefault("months", None)
    new = replace(newest.policy, **changes)
    if new == newest.policy:
        raise Invalid(f"Nothing changes: version {newest.version} of the policy says the same already.")
    start = effective_time(
        now,
        newest.effective_at,
        effective_at,
        cut=is_policy_cut(newest.policy, new),
        notice_days=notice_days,
    )
    version = newest.version + 1
    made = insert_once(
        session,
        PolicyChange,
        id=new_id("pol", now),
        brand_id=brand_id,
        version=version,
        effective_at=start,
        attribution_model=new.model,
        coupon_policy=new.coupons,
        customer_policy=new.customers,
        customer_months=new.months,
        created_at=now,
    )
    if not made:
        raise Conflict(f"Version {version} of the policy has just been made by somebody else; look at it.")
    return PolicyVersion(version, start, new)
