"""Stored versions of a brand's rules and minimum payouts: reading them, and adding one.

Version 1 of the rules, and of the minimum in the brand's currency, is in the row of the brand.
"""

from collections.abc import Sequence
from dataclasses import replace
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
from tracker.money import Money
from tracker.people.accounts import rules
from tracker.people.accounts.brand_rules import BrandRules, RulesVersion
from tracker.people.accounts.minimums import default_minimum_minor
from tracker.people.accounts.models import Brand, BrandMinimum, BrandRulesChange


def _columns(table: type[Brand | BrandRulesChange]) -> tuple[Any, ...]:
    """The last fields of RulesVersion, in their order."""
    return (table.created_at, table.cadence, table.timezone, table.review_days)


_VERSIONS = (
    select(
        *_columns(Brand),
        BrandRulesChange.version,
        BrandRulesChange.effective_at,
        *_columns(BrandRulesChange),
        BrandRulesChange.approve_without_notice,
        BrandRulesChange.second_person_above_minor,
    )
    .join(BrandRulesChange, BrandRulesChange.brand_id == Brand.id, isouter=True)
    .where(Brand.id == bindparam("brand_id"))
    .order_by(BrandRulesChange.version)
)
"""A module constant, because every commission runs this query."""


def load_rules(session: Session, brand_id: str) -> BrandRules:
    """All versions of a brand's rules, in one query. Raises NotFound."""
    rows = session.connection().execute(_VERSIONS, {"brand_id": brand_id}).all()
    if not rows:
        raise NotFound(f"There is no brand {brand_id}. See them with: linkledger brand list")
    changes = [
        RulesVersion(version, effective_at, *rest)
        for version, effective_at, *rest in (row[4:] for row in rows)
        if version is not None
    ]
    created_at, *first = rows[0][:4]
    return BrandRules([RulesVersion(1, created_at, created_at, *first), *changes])


def add_rules(
    session: Session, now: datetime, brand_id: str, former: RulesVersion, new: RulesVersion
) -> RulesVersion:
    """Insert `new` as the version after `former`. Raises Invalid, and Conflict when it already exists."""
    checked = replace(
        new,
        version=former.version + 1,
        created_at=now,
        cadence=rules.one_of(new.cadence, rules.CADENCES, "The cadence"),
        timezone=rules.validate_timezone(new.timezone),
        review_days=rules.validate_review_days(new.review_days),
        second_person_above_minor=rules.limit_of_one_person(new.second_person_above_minor),
    )
    if not insert_once(session, BrandRulesChange, id=new_id("brc", now), brand_id=brand_id, **vars(checked)):
        raise Conflict(
            f"Someone else has just created version {checked.version} of the rules; check it first."
        )
    return checked


def minimum_of(session: Session, brand: Brand, currency: str, at: datetime) -> int:
    """The brand's minimum payout at that time, in minor units: its own, or the product's."""
    own = next((each for each in _minimums(session, brand.id, currency) if each.effective_at <= at), None)
    if own is not None:
        return own.minimum_minor
    return brand.minimum_minor if currency == brand.currency else default_minimum_minor(currency)


def minimums_at(session: Session, brand: Brand, at: datetime) -> list[Money]:
    """The minimums that the brand has set, in the order of the currencies, its own currency first."""
    currencies = session.scalars(
        select(BrandMinimum.currency).where(
            BrandMinimum.brand_id == brand.id, BrandMinimum.effective_at <= at
        )
    )
    others = sorted(set(currencies) - {brand.currency})
    return [Money(minimum_of(session, brand, each, at), each) for each in (brand.currency, *others)]


def set_minimum(
    session: Session,
    now: datetime,
    brand: Brand,
    *,
    actor: Actor,
    minimum_minor: int,
    currency: str | None = None,
) -> Money:
    """Set the minimum payout in a currency, by default the brand's own, for statements drafted from now on.

    Raises Invalid when it is out of range or the same as now, and Conflict.
    """
    code = brand.currency if currency is None else rules.normalize_currency(currency)
    minimum = Money(rules.minimum_payout_minor(minimum_minor, code), code)
    former = _minimums(session, brand.id, code)
    set_before = bool(former) or code == brand.currency
    before_minor = minimum_of(session, brand, code, now) if set_before else None
    if minimum.minor == before_minor:
        raise Invalid(f"Nothing changes: the minimum payout is already {minimum}.")
    latest = former[0].version if former else int(code == brand.currency)
    made = insert_once(
        session,
        BrandMinimum,
        id=new_id("bmn", now),
        brand_id=brand.id,
        currency=code,
        version=latest + 1,
        effective_at=now,
        minimum_minor=minimum.minor,
    )
    if not made:
        raise Conflict(f"Someone else has just changed the minimum payout in {code}; check it first.")
    before = None if before_minor is None else {"minimum": Money(before_minor, code).as_json()}
    after = {"minimum": minimum.as_json()}
    whose = about(Subject.BRAND, brand.id, brand.id)
    record(session, now, actor, Action.BRAND_MINIMUM_SET, **whose, before=before, after=after)
    return minimum


def _minimums(session: Session, brand_id: str, currency: str) -> Sequence[BrandMinimum]:
    """The versions of one minimum, the newest first."""
    own = (BrandMinimum.brand_id == brand_id, BrandMinimum.currency == currency)
    return session.scalars(select(BrandMinimum).where(*own).order_by(BrandMinimum.version.desc())).all()
