"""Loads the evidence of an attribution: the click or coupon behind each token and code."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from config.canonical import ISO_FORMAT
from tracker.clicks.token import ClickToken, read_token
from tracker.errors import Invalid
from tracker.ids import public_id
from tracker.programs.codes import code_key
from tracker.programs.models import Coupon, Enrollment, Link, Program
from tracker.programs.terms import Version, load_terms_versions, version_at
from tracker.sales.attribution.inputs import CouponUse, Touch
from tracker.sales.attribution.reasons import AttributionReason, Flaw, flaw_of
from tracker.sales.attribution.rules import CLOCK_TOLERANCE_S

_LinkOwner = Row[str, str, str, datetime | None, datetime | None, str, str]
_CouponOwner = Row[str, str, str, str, datetime, datetime | None, str, str]
DecodedToken = ClickToken | str
"""The content of a token; for an unreadable token a key, which is the same for the same token."""


# Built once, because every sale runs these queries.
_LINK_OWNERS = (
    select(
        Link.id.label("link_id"),
        Link.enrollment_id,
        Enrollment.creator_id,
        Enrollment.removed_at,
        Enrollment.readmitted_at,
        Enrollment.program_id,
        Program.brand_id,
    )
    .join(Enrollment, Enrollment.id == Link.enrollment_id)
    .join(Program, Program.id == Enrollment.program_id)
    .where(Link.id.in_(bindparam("link_ids", expanding=True)))
)
_COUPON_OWNERS = (
    select(
        Coupon.id.label("coupon_id"),
        Coupon.code_key,
        Coupon.code,
        Coupon.enrollment_id,
        Coupon.created_at,
        Coupon.ended_at,
        Enrollment.creator_id,
        Enrollment.program_id,
    )
    .join(Enrollment, Enrollment.id == Coupon.enrollment_id)
    .where(
        Coupon.brand_id == bindparam("brand_id"), Coupon.code_key.in_(bindparam("code_keys", expanding=True))
    )
)


@dataclass(frozen=True)
class Evidence:
    """The links and coupons behind the tokens and codes of several sales, loaded once for all of them.

    `terms` has all versions of each program, the newest first.
    """

    brand_id: str
    links: Mapping[UUID, _LinkOwner]
    coupons: Mapping[str, _CouponOwner]
    terms: Mapping[str, Sequence[Version]]

    def touches(self, occurred_at: datetime, tokens: Iterable[DecodedToken]) -> list[Touch]:
        """One touch for each token, without the token itself: anyone who has it could claim the click."""
        return [self._touch(occurred_at, token) for token in tokens]

    def coupon_uses(self, occurred_at: datetime, codes: Sequence[str]) -> list[CouponUse]:
        """One use for each code, with its position in the shop's list; a repeated code is one use."""
        positions: dict[str, int] = {}
        for position, code in enumerate(codes):
            positions.setdefault(code_key(code), position)
        return [self._coupon_use(key, position, occurred_at) for key, position in positions.items()]

    def _touch(self, occurred_at: datetime, token: DecodedToken) -> Touch:
        """For another brand's link, reveals only that it is not this brand's.

        A token is issued only while link, enrollment and program are active. It stays eligible until its
        window ends, even when they end earlier, unless its creator was removed for cause. That creator may
        be back: then clicks from before are still without effect.
        """
        if isinstance(token, str):
            return _flawed_touch(AttributionReason.TOKEN_UNREADABLE, token, click_id=None)
        key = public_id("clk", token.click_id)
        owner = self.links.get(token.link_id)
        if owner is None:
            return _flawed_touch(AttributionReason.LINK_UNKNOWN, key, click_id=key)
        if owner.brand_id != self.brand_id:
            return _flawed_touch(AttributionReason.LINK_OF_OTHER_BRAND, key, click_id=key)
        version = version_at(self.terms[owner.program_id], occurred_at)
        return Touch(
            key=key,
            click_id=key,
            at=iso_time(token.at),
            flaw=_removal_flaw(owner.removed_at, owner.readmitted_at, token.at, occurred_at),
            earns=token.earns,
            link_id=owner.link_id,
            enrollment_id=owner.enrollment_id,
            creator_id=owner.creator_id,
            terms_id=version.id,
            window_days=version.window_days,
        )

    def _coupon_use(self, key: str, position: int, occurred_at: datetime) -> CouponUse:
        coupon = self.coupons.get(key)
        if coupon is None:
            return CouponUse(
                key=key,
                code=key,
                position=position,
                flaw=flaw_of(AttributionReason.COUPON_WITHOUT_OWNER),
                coupon_id=None,
                enrollment_id=None,
                creator_id=None,
                terms_id=None,
            )
        return CouponUse(
            key=key,
            code=coupon.code,
            position=position,
            flaw=_coupon_flaw(coupon, occurred_at),
            coupon_id=coupon.coupon_id,
            enrollment_id=coupon.enrollment_id,
            creator_id=coupon.creator_id,
            terms_id=version_at(self.terms[coupon.program_id], occurred_at).id,
        )


def decode_tokens(tokens: Sequence[str], keys: Sequence[str]) -> list[DecodedToken]:
    return [_decode(token, keys) for token in tokens]


def load_evidence(
    session: Session, brand_id: str, tokens: Iterable[DecodedToken], codes: Iterable[str]
) -> Evidence:
    """Load everything needed to judge these tokens and codes, for any number of sales."""
    links = _link_owners(session, {token.link_id for token in tokens if isinstance(token, ClickToken)})
    coupons = _coupon_owners(session, brand_id, {code_key(code) for code in codes})
    owners: list[_LinkOwner | _CouponOwner] = [*links.values(), *coupons.values()]
    terms = load_terms_versions(session, {owner.program_id for owner in owners})
    return Evidence(brand_id, links, coupons, terms)


def iso_time(at: datetime) -> str:
    """A time as it is stored in inputs: a string of fixed width, in UTC."""
    return at.strftime(ISO_FORMAT)


@dataclass(frozen=True)
class Participation:
    """When an enrollment last ended, was removed for cause, and when its creator came back; each may be None.

    Only the last of each is known. A removal that is not later than the way back was undone by it.
    """

    ended_at: datetime | None
    removed_at: datetime | None
    readmitted_at: datetime | None


def ending_flaw(enrollment: Participation, bound_at: datetime, occurred_at: datetime) -> Flaw | None:
    """The flaw of a binding of that time by an enrollment that had ended before the sale; None without one.

    Who left and came back binds again; what a removal for cause ended does not come back.
    """
    ended_at, readmitted_at = enrollment.ended_at, enrollment.readmitted_at
    if removed := _removal_flaw(enrollment.removed_at, readmitted_at, bound_at, occurred_at):
        return removed
    if ended_at is None or ended_at > occurred_at:
        return None
    if readmitted_at is not None and ended_at <= readmitted_at <= occurred_at:
        return None
    return flaw_of(AttributionReason.CREATOR_LEFT)


def _removal_flaw(
    removed_at: datetime | None, readmitted_at: datetime | None, began_at: datetime, occurred_at: datetime
) -> Flaw | None:
    """The flaw of a click or binding that began at a time, when its creator had been removed for cause."""
    if removed_at is None or removed_at > occurred_at:
        return None
    if readmitted_at is not None and removed_at <= readmitted_at <= began_at:
        return None
    return flaw_of(AttributionReason.CREATOR_REMOVED)


def _decode(token: str, keys: Sequence[str]) -> DecodedToken:
    try:
        return read_token(keys, token)
    except Invalid:
        return f"unread:{hashlib.sha256(token.encode()).hexdigest()[:16]}"


def _link_owners(session: Session, link_ids: Iterable[UUID]) -> dict[UUID, _LinkOwner]:
    uuid_by_id = {public_id("lnk", link_id): link_id for link_id in link_ids}
    if not uuid_by_id:
        return {}
    rows = session.connection().execute(_LINK_OWNERS, {"link_ids": list(uuid_by_id)})
    return {uuid_by_id[row.link_id]: row for row in rows}


def _coupon_owners(session: Session, brand_id: str, keys: set[str]) -> dict[str, _CouponOwner]:
    if not keys:
        return {}
    parameters = {"brand_id": brand_id, "code_keys": sorted(keys)}
    return {row.code_key: row for row in session.connection().execute(_COUPON_OWNERS, parameters)}


def _flawed_touch(code: AttributionReason, key: str, click_id: str | None) -> Touch:
    return Touch(
        key=key,
        click_id=click_id,
        at=None,
        flaw=flaw_of(code),
        earns=False,
        link_id=None,
        enrollment_id=None,
        creator_id=None,
        terms_id=None,
        window_days=None,
    )


def _coupon_flaw(coupon: _CouponOwner, occurred_at: datetime) -> Flaw | None:
    """Why the coupon cannot count; its state at the time of the sale decides."""
    if occurred_at + timedelta(seconds=CLOCK_TOLERANCE_S) < coupon.created_at:
        return flaw_of(AttributionReason.COUPON_NOT_YET_OWNED)
    if coupon.ended_at is not None and coupon.ended_at <= occurred_at:
        return flaw_of(AttributionReason.COUPON_ENDED)
    return None
