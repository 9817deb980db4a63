"""Attributes sales and stores each decision with its inputs.

A decision about one order of a known customer may determine who is credited for the customer's later orders.
Those are decided again in the same transaction, so the result does not depend on the order of the reports.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.insert import insert_all
from tracker.ids import new_id
from tracker.programs.policies import PolicyHistory, load_policies
from tracker.sales.attribution.customer_binding import FIRST_SALE, is_same_binding
from tracker.sales.attribution.evidence import decode_tokens, iso_time, load_evidence
from tracker.sales.attribution.inputs import RULES, CouponUse, Inputs, Policy, SaleFacts, Touch, upgraded
from tracker.sales.attribution.known_customers import (
    find_binding,
    is_customer_identified,
    lock_customers_of,
    sales_bound_by,
)
from tracker.sales.attribution.models import Attribution
from tracker.sales.attribution.stored_decision import replay_decision
from tracker.sales.orders.models import Sale
from tracker.sales.reports.normal import SaleReport
from tracker.sales.reports.provider_reports import EvidenceReport


@dataclass(frozen=True)
class UnattributedSale:
    """A sale that was just booked and has no attribution yet."""

    sale_id: str
    booked_at: datetime
    report: SaleReport


def attribute(
    session: Session,
    brand_id: str,
    sales: Sequence[UnattributedSale],
    policies: PolicyHistory,
    keys: Sequence[str],
) -> None:
    """Make the first decision about each of these sales. Never raises because of a token or a code."""
    decoded = [decode_tokens(sale.report.tokens, keys) for sale in sales]
    codes = [code for sale in sales for code in sale.report.coupons]
    evidence = load_evidence(session, brand_id, chain.from_iterable(decoded), codes)
    rows, known_customer_sales = [], dict[str, tuple[datetime, Inputs]]()
    for sale, tokens in zip(sales, decoded, strict=True):
        at = sale.report.occurred_at
        inputs = Inputs(
            rules=RULES,
            sale=SaleFacts(brand_id=brand_id, order_id=sale.report.order_id, occurred_at=iso_time(at)),
            touches=_merge_touches([], evidence.touches(at, tokens)),
            coupons=_merge_coupons([], evidence.coupon_uses(at, sale.report.coupons)),
            binding=None,
            policy=_policy(policies, at),
        )
        if policies.can_bind_customers and is_customer_identified(sale.report):
            known_customer_sales[sale.sale_id] = (sale.booked_at, inputs)
        else:
            rows.append(_attribution_row(sale.booked_at, sale.sale_id, 1, inputs))
    insert_all(session, Attribution, rows)
    if known_customer_sales:
        _attribute_known_customers(session, known_customer_sales)


def _attribute_known_customers(
    session: Session, undecided_inputs: Mapping[str, tuple[datetime, Inputs]]
) -> None:
    """One by one in the order of purchase, because several of the sales may be of the same customer."""
    query = select(Sale).where(Sale.id.in_(list(undecided_inputs))).order_by(Sale.occurred_at, Sale.id)
    sales = session.scalars(query).all()
    lock_customers_of(session, sales)
    for sale in sales:
        booked_at, inputs = undecided_inputs[sale.id]
        binding = find_binding(session, sale, inputs["policy"])
        row = _attribution_row(booked_at, sale.id, 1, Inputs(**{**inputs, "binding": binding}))
        insert_all(session, Attribution, [row])
        if _is_credited_by_evidence(row):
            _reattribute_bound_sales(session, booked_at, sale)


def reattribute(
    session: Session, now: datetime, sale: Sale, report: SaleReport | EvidenceReport, keys: Sequence[str]
) -> int | None:
    """Attribute again when a repeated report brings new evidence; returns the new revision, else None.

    Evidence accumulates, so the last decision is the same whichever report came first. Stored inputs are not
    looked up again, and the brand's policy stays the one of the first decision.
    """
    if not report.tokens and not report.coupons:
        return None
    if is_customer_identified(sale):
        lock_customers_of(session, [sale])  # a concurrent earlier order may be re-attributing this one
    last = _latest_attribution(session, sale)
    assert last is not None, "a sale is decided in the transaction that books it"
    known = upgraded(last.inputs)
    tokens = decode_tokens(report.tokens, keys)
    evidence = load_evidence(session, sale.brand_id, tokens, report.coupons)
    touches = evidence.touches(sale.occurred_at, tokens)
    coupons = evidence.coupon_uses(sale.occurred_at, report.coupons)
    inputs = Inputs(
        rules=RULES,
        sale=known["sale"],
        touches=_merge_touches(known["touches"], touches),
        coupons=_merge_coupons(known["coupons"], coupons),
        binding=known["binding"],
        policy=known["policy"],
    )
    if inputs == known:
        return None
    row = _attribution_row(now, sale.id, last.revision + 1, inputs)
    insert_all(session, Attribution, [row])
    if (
        is_customer_identified(sale)
        and _is_credited_by_evidence(row)
        and load_policies(session, sale.brand_id).can_bind_customers
    ):
        _reattribute_bound_sales(session, now, sale)
    return last.revision + 1


def _reattribute_bound_sales(session: Session, now: datetime, sale: Sale) -> None:
    """Add a revision for each later order of the customer whose binding has changed."""
    rows = []
    for later in sales_bound_by(session, sale):
        last = _latest_attribution(session, later)
        if last is None:
            continue  # booked together with this one, and decided after it
        known = upgraded(last.inputs)
        if known["policy"]["customers"] == FIRST_SALE:
            continue
        binding = find_binding(session, later, known["policy"])
        if not is_same_binding(known["binding"], binding):
            inputs = Inputs(**{**known, "binding": binding})
            rows.append(_attribution_row(now, later.id, last.revision + 1, inputs))
    insert_all(session, Attribution, rows)


def _is_credited_by_evidence(row: Mapping[str, Any]) -> bool:
    """Whether a click or a code decides. Only then does the sale bind the customer; a binding does not."""
    return row["click_id"] is not None or row["coupon_id"] is not None


def _policy(policies: PolicyHistory, at: datetime) -> Policy:
    found = policies.at(at).policy
    return Policy(model=found.model, coupons=found.coupons, customers=found.customers, months=found.months)


def _latest_attribution(session: Session, sale: Sale) -> Attribution | None:
    return session.scalars(
        select(Attribution)
        .where(Attribution.sale_id == sale.id)
        .order_by(Attribution.revision.desc())
        .limit(1)
    ).one_or_none()


def _merge_touches(known: list[Touch], more: list[Touch]) -> list[Touch]:
    by_key = {touch["key"]: touch for touch in [*more, *known]}
    return [by_key[key] for key in sorted(by_key)]


def _merge_coupons(known: list[CouponUse], more: list[CouponUse]) -> list[CouponUse]:
    """When the same code is in both lists, its lower position counts."""
    by_key: dict[str, CouponUse] = {}
    for use in [*known, *more]:
        former = by_key.setdefault(use["key"], use)
        if use["position"] < former["position"]:
            by_key[use["key"]] = {**former, "position": use["position"]}
    return [by_key[key] for key in sorted(by_key)]


def _attribution_row(now: datetime, sale_id: str, revision: int, inputs: Inputs) -> dict[str, Any]:
    decision = replay_decision(dict(inputs))
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
        "reason_code": decision.reason_code,
        "reason_parameters": decision.reason_parameters,
        "inputs": dict(inputs),
        "candidates": decision.candidates,
        "decided_at": now,
    }
