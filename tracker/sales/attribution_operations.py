"""Decides who is credited for a sale, and writes the decision down with everything it was made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import bindparam, insert, select
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
from tracker.sales.evidence import look_up, moment, read_tokens
from tracker.sales.models import Attribution, Sale
from tracker.sales.normal import SaleReport
from tracker.sales.provider_reports import EvidenceReport


@dataclass(frozen=True)
class Undecided:
    """A sale that was just booked."""

    sale_id: str
    booked_at: datetime
    report: SaleReport


_INSERT = insert(Attribution)
_POLICY = select(Brand.attribution_model, Brand.coupon_policy).where(Brand.id == bindparam("brand_id"))


def attribute(session: Session, brand_id: str, sales: Sequence[Undecided], keys: Sequence[str]) -> None:
    """The first decision about each of these sales. Never raises because of a token or a code."""
    model, coupons = session.connection().execute(_POLICY, {"brand_id": brand_id}).one()
    policy = Policy(model=model, coupons=coupons)
    read = [read_tokens(sale.report.tokens, keys) for sale in sales]
    codes = [code for sale in sales for code in sale.report.coupons]
    evidence = look_up(session, brand_id, chain.from_iterable(read), codes)
    rows = []
    for sale, tokens in zip(sales, read, strict=True):
        at = sale.report.occurred_at
        inputs = Inputs(
            rules=RULES,
            sale=SaleFacts(brand_id=brand_id, order_id=sale.report.order_id, occurred_at=moment(at)),
            touches=_merged_touches([], evidence.touches(at, tokens)),
            coupons=_merged_coupons([], evidence.coupon_uses(at, sale.report.coupons)),
            policy=policy,
        )
        rows.append(_row(sale.booked_at, sale.sale_id, 1, inputs))
    session.connection().execute(_INSERT, rows)


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
    tokens = read_tokens(report.tokens, keys)
    evidence = look_up(session, sale.brand_id, tokens, report.coupons)
    touches = evidence.touches(sale.occurred_at, tokens)
    coupons = evidence.coupon_uses(sale.occurred_at, report.coupons)
    inputs = Inputs(
        rules=RULES,
        sale=known["sale"],
        touches=_merged_touches(known["touches"], touches),
        coupons=_merged_coupons(known["coupons"], coupons),
        policy=known["policy"],
    )
    if inputs == known:
        return None
    revision: int = last.revision + 1
    session.connection().execute(_INSERT, [_row(now, sale.id, revision, inputs)])
    return revision


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


def _row(now: datetime, sale_id: str, revision: int, inputs: Inputs) -> dict[str, Any]:
    decision = replay_decision(inputs)
    winner = decision.winner
    return {
        "id": new_id("atr", now),
        "sale_id": sale_id,
        "revision": revision,
        "enrollment_id": winner.enrollment_id if winner else None,
        "terms_id": winner.terms_id if winner else None,
        "link_id": winner.link_id if winner else None,
        "coupon_id": winner.coupon_id if winner else None,
        "click_id": winner.click_id if winner else None,
        "reason": decision.reason,
        "inputs": dict(inputs),
        "candidates": decision.candidates,
        "decided_at": now,
    }
