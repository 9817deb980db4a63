"""Brands, their hosts and members, and creators. Every function works in the caller's transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.among import among
from config.insert import insert_once
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.errors import Conflict
from tracker.ids import new_id
from tracker.lookup import get_by_id
from tracker.people.accounts import rules
from tracker.people.accounts.models import Brand, BrandHost, Creator, User

BRAND = "brd"
CREATOR = "crt"
USER = "usr"


def create_brand(
    session: Session,
    now: datetime,
    *,
    name: str,
    currency: str,
    timezone: str,
    hosts: Iterable[str] = (),
    minimum_minor: int | None = None,
    cadence: str = "month",
    review_days: int = 7,
    attribution_model: str = "last",
    coupon_policy: str = "if_involved",
    customer_policy: str = "first_sale",
    customer_months: int | None = None,
    actor: Actor | None = None,
) -> Brand:
    """Create a brand. `minimum_minor` defaults to 50 whole units of its currency. Raises Invalid.

    `actor`: who creates the brand; None for a set-up, which records itself.
    """
    code = rules.normalize_currency(currency)
    brand = Brand(
        id=new_id(BRAND, now),
        name=rules.normalize_name(name),
        currency=code,
        timezone=rules.validate_timezone(timezone),
        minimum_minor=rules.minimum_payout_minor(minimum_minor, code),
        cadence=rules.one_of(cadence, rules.CADENCES, "The cadence"),
        review_days=rules.validate_review_days(review_days),
        attribution_model=rules.one_of(attribution_model, rules.ATTRIBUTION_MODELS, "The attribution model"),
        coupon_policy=rules.one_of(coupon_policy, rules.COUPON_POLICIES, "The coupon policy"),
        customer_policy=rules.one_of(customer_policy, rules.CUSTOMER_POLICIES, "The customer policy"),
        customer_months=rules.binding_months(customer_policy, customer_months),
        created_at=now,
    )
    session.add(brand)
    session.flush()
    for host in hosts:
        insert_once(session, BrandHost, brand_id=brand.id, host=rules.normalize_host(host))
    if actor is not None:
        _record_new_brand(session, now, actor, brand)
    return brand


def _record_new_brand(session: Session, now: datetime, actor: Actor, brand: Brand) -> None:
    after = {"name": brand.name, "currency": brand.currency, "timezone": brand.timezone}
    whose = about(Subject.BRAND, brand.id, brand.id)
    record(session, now, actor, Action.BRAND_CREATE, **whose, after=after)


def allow_host(session: Session, now: datetime, *, actor: Actor, brand_id: str, host: str) -> str:
    """Allow links of the brand to lead to `host`. Idempotent. Returns the normal form of the host."""
    brand = get_brand(session, brand_id)
    normal = rules.normalize_host(host)
    if insert_once(session, BrandHost, brand_id=brand.id, host=normal):
        whose = about(Subject.BRAND, brand.id, brand.id)
        record(session, now, actor, Action.BRAND_HOST_ALLOW, **whose, after={"host": normal})
    return normal


def brand_hosts(session: Session, brand_id: str) -> list[str]:
    hosts = select(BrandHost.host).where(BrandHost.brand_id == brand_id).order_by(BrandHost.host)
    return list(session.scalars(hosts))


def get_brand(session: Session, brand_id: str) -> Brand:
    """Raises Invalid for a malformed id, and NotFound."""
    return get_by_id(session, Brand, brand_id, BRAND, "brand", "See them with: linkledger brand list")


def list_brands(session: Session) -> Sequence[Brand]:
    return session.scalars(select(Brand).order_by(Brand.id)).all()


def create_user(
    session: Session, now: datetime, *, email: str, name: str, actor: Actor | None = None
) -> User:
    """Raises Invalid, and Conflict when another user has the e-mail address.

    `actor`: who creates the user; None for a set-up, which records itself.
    """
    identifier = new_id(USER, now)
    made = insert_once(
        session,
        User,
        id=identifier,
        email=rules.normalize_email(email),
        name=rules.normalize_name(name),
        created_at=now,
    )
    if not made:
        raise Conflict("A user with this e-mail address already exists; nothing was written.")
    user = session.get_one(User, identifier)
    if actor is not None:
        personal = {"name": user.name, "email": user.email}
        record(session, now, actor, Action.USER_CREATE, **about(Subject.USER, user.id), personal=personal)
    return user


def get_user(session: Session, user_id: str) -> User:
    """Raises Invalid for a malformed id, and NotFound."""
    return get_by_id(session, User, user_id, USER, "user", "Create one with: linkledger user create")


def list_users(session: Session) -> Sequence[User]:
    return session.scalars(select(User).order_by(User.id)).all()


def create_creator(
    session: Session,
    now: datetime,
    *,
    name: str,
    email: str,
    country: str,
    actor: Actor | None = None,
) -> Creator:
    """Raises Invalid, and Conflict when another creator has the e-mail address.

    `actor`: as for `create_user`.
    """
    identifier = new_id(CREATOR, now)
    made = insert_once(
        session,
        Creator,
        id=identifier,
        name=rules.normalize_name(name),
        email=rules.normalize_email(email),
        country=rules.normalize_country(country),
        created_at=now,
    )
    if not made:
        raise Conflict("A creator with this e-mail address already exists; nothing was written.")
    creator = session.get_one(Creator, identifier)
    if actor is not None:
        subject = about(Subject.CREATOR, creator.id)
        personal = {"name": creator.name, "email": creator.email, "country": creator.country}
        record(session, now, actor, Action.CREATOR_CREATE, **subject, personal=personal)
    return creator


def get_creator(session: Session, creator_id: str) -> Creator:
    """Raises Invalid for a malformed id, and NotFound."""
    return get_by_id(
        session, Creator, creator_id, CREATOR, "creator", "See them with: linkledger creator list"
    )


def creator_names(session: Session, creator_ids: Sequence[str]) -> dict[str, str]:
    """The names of these creators, by id, in one query."""
    names = select(Creator.id, Creator.name).where(among(Creator.id, "ids"))
    return dict(row for row in session.execute(names, {"ids": list(creator_ids)}))


def list_creators(session: Session) -> Sequence[Creator]:
    return session.scalars(select(Creator).order_by(Creator.id)).all()
