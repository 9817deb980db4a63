"""Decides who is credited for a sale, and writes the decision down with everything it was made from."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from tracker.ids import new_id
from tracker.people.models import Brand
from tracker.sales.attribution import (
    RULES,
    CouponUse,
    Inputs,
    Policy,
    SaleFacts,
    Touch,
    replay_decision,
)
from tracker.sales.evidence import coupons_of, moment, touches_of
from tracker.sales.models import Attribution, Sale
from tracker.sales.normal import SaleReport
from tracker.sales.provider_reports import EvidenceReport


def attribute(
    session: Session, now: datetime, sale: Sale, report: SaleReport, keys: Sequence[str]
) -> Attribution:
    """The first decision about a new sale. Never raises because of a token or a code."""
    model, coupons = session.execute(
        select(Brand.attribution_model, Brand.coupon_policy).where(Brand.id == sale.brand_id)
    ).one()
    inputs = Inputs(
        rules=RULES,
        sale=SaleFacts(brand_id=sale.brand_id, order_id=sale.order_id, occurred_at=moment(sale.occurred_at)),
        touches=_merged_touches(
            [], touches_of(session, sale.brand_id, sale.occurred_at, report.tokens, keys)
        ),
        coupons=_merged_coupons([], coupons_of(session, sale.brand_id, sale.occurred_at, report.coupons)),
        policy=Policy(model=model, coupons=coupons),
    )
    return _written(session, now, sale, 1, inputs)


def reconsider(
    session: Session, now: datetime, sale: Sale, report: SaleReport | EvidenceReport, keys: Sequence[str]
) -> int | None:
    """Decide anew when a repeated report brings evidence that was not there; returns the new revision.

    Evidence adds up, so that the last decision is the same whichever report came first. What was known
    stays as it was known, and the brand's policy is the one of the first decision.
    """
    if not report.tokens and not report.coupons:
        return None
    last = session.scalars(
        select(Attribution)
        .where(Attribution.sale_id == sale.id)
        .order_by(Attribution.revision.desc())
        .limit(1)
    ).one()
    known: Inputs = last.inputs  # type: ignore[assignment]
    touches = touches_of(session, sale.brand_id, sale.occurred_at, report.tokens, keys)
    coupons = coupons_of(session, sale.brand_id, sale.occurred_at, report.coupons)
    inputs = Inputs(
        rules=RULES,
        sale=known["sale"],
        touches=_merged_touches(known["touches"], touches),
        coupons=_merged_coupons(known["coupons"], coupons),
        policy=known["policy"],
    )
    if inputs == known:
        return None
    return _written(session, now, sale, last.revision + 1, inputs).revision


def _merged_touches(known: list[Touch], more: list[Touch]) -> list[Touch]:
    by_key = {touch["key"]: touch for touch in [*more, *known]}
    return [by_key[key] for key in sorted(by_key)]


def _merged_coupons(known: list[CouponUse], more: list[CouponUse]) -> list[CouponUse]:
    """Of the same code in two lists, the better place counts."""
    by_key: dict[str, CouponUse] = {}
    for use in [*known, *more]:
        former = by_key.setdefault(use["key"], use)
        if use["position"] < former["position"]:
            by_key[use["key"]] = {**former, "position": use["position"]}
    return [by_key[key] for key in sorted(by_key)]


def _written(session: Session, now: datetime, sale: Sale, revision: int, inputs: Inputs) -> Attribution:
    decision = replay_decision(inputs)
    winner = decision.winner
    attribution = Attribution(
        id=new_id("atr", now),
        sale_id=sale.id,
        revision=revision,
        enrollment_id=winner.enrollment_id if winner else None,
        terms_id=winner.terms_id if winner else None,
        link_id=winner.link_id if winner else None,
        coupon_id=winner.coupon_id if winner else None,
        click_id=winner.click_id if winner else None,
        reason=decision.reason,
        inputs=dict(inputs),
        candidates=decision.candidates,
        decided_at=now,
    )
    session.add(attribution)
    session.flush()
    return attribution
