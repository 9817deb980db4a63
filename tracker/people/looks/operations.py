"""Sets and reads the look of a brand."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.insert import insert_once
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.errors import Invalid
from tracker.people.accounts.operations import get_brand
from tracker.people.accounts.rules import normalize_email
from tracker.people.looks.models import BrandLook
from tracker.people.looks.rules import normalize_colour, read_logo

_SHOWN = ("colour", "logo_type", "logo_hash")


def set_look(
    session: Session,
    now: datetime,
    *,
    actor: Actor,
    brand_id: str,
    colour: str | None = None,
    logo: bytes | None = None,
    contact_email: str | None = None,
) -> BrandLook:
    """Change what is given; None leaves a part as it is, and an empty one removes it.

    Raises Invalid with the field, and NotFound.
    """
    brand = get_brand(session, brand_id)
    changes = _colour_and_contact(colour, contact_email) | _logo_columns(logo)
    insert_once(session, BrandLook, brand_id=brand.id, updated_at=now)
    look = session.get_one(BrandLook, brand.id, with_for_update=True, populate_existing=True)
    before, former_contact = _shown(look), look.contact_email
    if any(getattr(look, name) != value for name, value in changes.items()):
        session.execute(
            update(BrandLook).where(BrandLook.brand_id == brand.id).values(**changes, updated_at=now)
        )
        session.refresh(look)
        personal = {"before": former_contact, "after": look.contact_email}
        record(
            session,
            now,
            actor,
            Action.BRAND_LOOK_SET,
            **about(Subject.BRAND, brand.id, brand.id),
            before=before,
            after=_shown(look),
            personal=personal if former_contact != look.contact_email else None,
        )
    return look


def find_look(session: Session, brand_id: str) -> BrandLook | None:
    """The look of a brand; None if it looks like the product."""
    return session.scalars(select(BrandLook).where(BrandLook.brand_id == brand_id)).one_or_none()


def _colour_and_contact(colour: str | None, contact_email: str | None) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if colour is not None:
        changes["colour"] = normalize_colour(colour) if colour else None
    if contact_email is not None:
        changes["contact_email"] = _contact(contact_email) if contact_email else None
    return changes


def _contact(address: str) -> str:
    try:
        return normalize_email(address)
    except Invalid as error:
        raise Invalid(str(error), "contact_email") from None


def _logo_columns(content: bytes | None) -> dict[str, Any]:
    if content is None:
        return {}
    if not content:
        return {"logo": None, "logo_type": None, "logo_hash": None}
    logo = read_logo(content)
    digest = hashlib.sha256(logo.content).hexdigest()
    return {"logo": logo.content, "logo_type": logo.content_type, "logo_hash": digest}


def _shown(look: BrandLook) -> Mapping[str, str | None]:
    """What the audit keeps: of the logo, its hash."""
    return {name: getattr(look, name) for name in _SHOWN}
