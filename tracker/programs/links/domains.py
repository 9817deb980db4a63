"""A brand's own host names for short links, and its fallback page for inactive links."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, CursorResult, delete, select, update
from sqlalchemy.orm import Session

from config.insert import insert_once
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.errors import Conflict, Invalid, NotFound
from tracker.people.accounts.models import Brand
from tracker.people.accounts.operations import brand_hosts, get_brand
from tracker.people.accounts.rules import normalize_host
from tracker.programs.links.destinations import checked_destination
from tracker.programs.models import LinkDomain


@dataclass(frozen=True)
class Domain:
    """The brand of a host name, and its fallback URL for inactive links."""

    brand_id: str
    fallback_url: str | None


def add_domain(
    session: Session, now: datetime, *, actor: Actor, brand_id: str, host: str, own_host: str
) -> LinkDomain:
    """Give a brand a host name for its links. `own_host`, the installation's own host, cannot be given away.

    Idempotent. Raises Invalid, NotFound, and Conflict when another brand has the host.
    """
    brand, name = get_brand(session, brand_id), normalize_host(host)
    if name == own_host:
        raise Invalid(f"{name} is the host of all links of this installation; no brand can have it.")
    added = insert_once(session, LinkDomain, host=name, brand_id=brand.id, created_at=now)
    domain = session.get_one(LinkDomain, name)
    if domain.brand_id != brand.id:
        raise Conflict(f"{name} belongs to another brand; nothing was written.")
    if added:
        record(session, now, actor, Action.DOMAIN_ADD, **about(Subject.DOMAIN, name, brand.id))
    return domain


def remove_domain(session: Session, now: datetime, *, actor: Actor, brand_id: str, host: str) -> str:
    """Remove a host name. Returns it in its normal form. Raises NotFound when the brand does not have it."""
    name = normalize_host(host)
    removal = delete(LinkDomain).where(LinkDomain.host == name, LinkDomain.brand_id == brand_id)
    if cast(CursorResult[Any], session.execute(removal)).rowcount != 1:
        raise NotFound(f"{name} is not a domain of brand {brand_id}. See them with: linkledger domain list")
    record(session, now, actor, Action.DOMAIN_REMOVE, **about(Subject.DOMAIN, name, brand_id))
    return name


def list_domains(session: Session, brand_id: str | None = None) -> Sequence[LinkDomain]:
    domains = select(LinkDomain).order_by(LinkDomain.host)
    if brand_id is not None:
        domains = domains.where(LinkDomain.brand_id == get_brand(session, brand_id).id)
    return session.scalars(domains).all()


def known_domains(session: Session | Connection) -> dict[str, Domain]:
    """All brand-specific host names in normal form. They are few, so the redirect caches all of them."""
    rows = session.execute(
        select(LinkDomain.host, LinkDomain.brand_id, Brand.fallback_url).join(
            Brand, Brand.id == LinkDomain.brand_id
        )
    )
    return {host: Domain(brand_id, fallback_url) for host, brand_id, fallback_url in rows}


def set_fallback(session: Session, now: datetime, *, actor: Actor, brand_id: str, url: str | None) -> Brand:
    """Set where inactive links of the brand lead; None means our own page. Raises Invalid, NotFound."""
    brand = get_brand(session, brand_id)
    checked = None if url is None else checked_destination(url, brand_hosts(session, brand.id), brand.id)
    session.refresh(brand, with_for_update={"key_share": True})
    former = brand.fallback_url
    session.execute(update(Brand).where(Brand.id == brand.id).values(fallback_url=checked))
    session.refresh(brand)
    if former != checked:
        before, after = {"fallback_url": former}, {"fallback_url": checked}
        whose = about(Subject.BRAND, brand.id, brand.id)
        record(session, now, actor, Action.BRAND_FALLBACK_SET, **whose, before=before, after=after)
    return brand
