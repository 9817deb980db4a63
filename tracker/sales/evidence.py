"""Gathers what an attribution is decided from: what each token and code that came with a sale stands for."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from config.canonical import ISO_FORMAT
from tracker.clicks.token import ClickToken, read_token
from tracker.errors import Invalid
from tracker.ids import public_id
from tracker.programs.codes import code_key
from tracker.programs.models import Coupon, Enrollment, Link, Program, Terms
from tracker.programs.operations import terms_at
from tracker.sales.attribution import GRACE_S, CouponUse, Touch

_LinkOwner = Row[str, str, str, str, str]


def touches_of(
    session: Session, brand_id: str, occurred_at: datetime, tokens: Sequence[str], keys: Sequence[str]
) -> list[Touch]:
    """One touch for each token. The token itself is not in it: whoever holds it could claim the click."""
    read = [_read(token, keys) for token in tokens]
    owners = _link_owners(session, {token.link_id for token in read if isinstance(token, ClickToken)})
    terms = _terms(session, {row.program_id for row in owners.values()}, occurred_at)
    touches = []
    for text, token in zip(tokens, read, strict=True):
        if token is None:
            touches.append(_flawed(_unread_key(text), "The token was not made here, or was altered."))
        else:
            touches.append(_touch(token, brand_id, owners.get(token.link_id), terms))
    return touches


def coupons_of(
    session: Session, brand_id: str, occurred_at: datetime, codes: Sequence[str]
) -> list[CouponUse]:
    """One use for each code, by its place in the shop's list; the same code twice is one."""
    places: dict[str, int] = {}
    for position, code in enumerate(codes):
        places.setdefault(code_key(code), position)
    if not places:
        return []
    rows = session.execute(
        select(Coupon, Enrollment.creator_id, Enrollment.program_id)
        .join(Enrollment, Enrollment.id == Coupon.enrollment_id)
        .where(Coupon.brand_id == brand_id, Coupon.code_key.in_(places))
    ).all()
    owned = {row.Coupon.code_key: row for row in rows}
    terms = _terms(session, {row.program_id for row in rows}, occurred_at)
    return [_coupon_use(key, place, owned.get(key), terms, occurred_at) for key, place in places.items()]


def moment(at: datetime) -> str:
    """A time as inputs hold it: text of one width, in UTC."""
    return at.strftime(ISO_FORMAT)


def _read(text: str, keys: Sequence[str]) -> ClickToken | None:
    try:
        return read_token(keys, text)
    except Invalid:
        return None


def _unread_key(text: str) -> str:
    return f"unread:{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _link_owners(session: Session, link_ids: Iterable[UUID]) -> dict[UUID, _LinkOwner]:
    named = {public_id("lnk", link_id): link_id for link_id in link_ids}
    if not named:
        return {}
    rows = session.execute(
        select(
            Link.id.label("link_id"),
            Link.enrollment_id,
            Enrollment.creator_id,
            Enrollment.program_id,
            Program.brand_id,
        )
        .join(Enrollment, Enrollment.id == Link.enrollment_id)
        .join(Program, Program.id == Enrollment.program_id)
        .where(Link.id.in_(named))
    ).all()
    return {named[row.link_id]: row for row in rows}


def _terms(session: Session, program_ids: Iterable[str], at: datetime) -> dict[str, Terms]:
    return {program_id: terms_at(session, program_id, at) for program_id in sorted(program_ids)}


def _touch(token: ClickToken, brand_id: str, owner: _LinkOwner | None, terms: dict[str, Terms]) -> Touch:
    """Of another brand's link nothing is told but that it is another's."""
    key = public_id("clk", token.click_id)
    if owner is None:
        return _flawed(key, "The link of the click does not exist.")
    if owner.brand_id != brand_id:
        return _flawed(key, "The click led to another brand's link.")
    version = terms[owner.program_id]
    return Touch(
        key=key,
        click_id=key,
        at=moment(token.at),
        flaw=None,
        earns=token.earns,
        link_id=owner.link_id,
        enrollment_id=owner.enrollment_id,
        creator_id=owner.creator_id,
        terms_id=version.id,
        window_days=version.window_days,
    )


def _flawed(key: str, flaw: str) -> Touch:
    return Touch(
        key=key,
        click_id=key if key.startswith("clk_") else None,
        at=None,
        flaw=flaw,
        earns=False,
        link_id=None,
        enrollment_id=None,
        creator_id=None,
        terms_id=None,
        window_days=None,
    )


def _coupon_use(
    key: str,
    position: int,
    owned: Row[Coupon, str, str] | None,
    terms: dict[str, Terms],
    occurred_at: datetime,
) -> CouponUse:
    if owned is None:
        return CouponUse(
            key=key,
            code=key,
            position=position,
            flaw="No creator owns this code.",
            coupon_id=None,
            enrollment_id=None,
            creator_id=None,
            terms_id=None,
        )
    coupon: Coupon = owned.Coupon
    return CouponUse(
        key=key,
        code=coupon.code,
        position=position,
        flaw=_coupon_flaw(coupon, occurred_at),
        coupon_id=coupon.id,
        enrollment_id=coupon.enrollment_id,
        creator_id=owned.creator_id,
        terms_id=terms[owned.program_id].id,
    )


def _coupon_flaw(coupon: Coupon, occurred_at: datetime) -> str | None:
    """A coupon's state counts at the time of the sale."""
    if occurred_at + timedelta(seconds=GRACE_S) < coupon.created_at:
        return "The code did not belong to its creator yet when the sale was made."
    if coupon.ended_at is not None and coupon.ended_at <= occurred_at:
        return "The code had ended when the sale was made."
    return None
