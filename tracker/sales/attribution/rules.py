"""Who is credited for a sale, and why: docs/money.md 5 as one pure function of data stored with the decision.

All inputs are plain JSON, so that the decision can be replayed years later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tracker.reasons import Reason
from tracker.sales.attribution.customer_binding import (
    binding_facts,
    binding_reason,
    binding_rejection_reason,
)
from tracker.sales.attribution.inputs import Binding, CouponUse, Policy, SaleFacts, Touch
from tracker.sales.attribution.reasons import AttributionReason, reason_of

CLOCK_TOLERANCE_S = 300
"""A click may be this much later than the sale, because the clocks of two machines differ."""


@dataclass(frozen=True)
class Winner:
    """The credited enrollment, the version of its terms, and the click and code that decided."""

    enrollment_id: str
    terms_id: str
    link_id: str | None = None
    click_id: str | None = None
    coupon_id: str | None = None


@dataclass(frozen=True)
class Candidate:
    """A click, coupon or binding (kind customer) that was considered. `outcome` is won, supports or lost."""

    kind: str
    outcome: str
    reason: Reason
    facts: dict[str, Any]


@dataclass(frozen=True)
class Decision:
    """Who is credited, or nobody; `candidates` are all that were considered."""

    winner: Winner | None
    reason: Reason
    candidates: list[Candidate]


def decide(
    sale: SaleFacts,
    touches: Sequence[Touch],
    coupons: Sequence[CouponUse],
    policy: Policy,
    binding: Binding | None = None,
) -> Decision:
    """Decide who is credited, from times and positions; the order of `touches` and `coupons` is ignored."""
    clicks = [(touch, click_flaw(touch, sale)) for touch in sorted(touches, key=_by_time)]
    codes = sorted(coupons, key=lambda code: (code["position"], code["key"]))
    eligible = [touch for touch, flaw in clicks if flaw is None]
    valid_coupon = next((code for code in codes if code["flaw"] is None), None)
    coupon_rejection = _coupon_rejection(valid_coupon, eligible, policy)
    coupon = valid_coupon if coupon_rejection is None else None
    creditable = eligible
    if coupon is not None:
        # The click only supports the code; it is ignored when it belongs to another enrollment.
        creditable = [touch for touch in eligible if touch["enrollment_id"] == coupon["enrollment_id"]]
    click = _winning_click(creditable, policy)
    binding_rejection = _binding_rejection(binding, click, coupon, sale, policy)
    bound = binding if binding_rejection is None else None
    if coupon is not None:
        reason = _coupon_reason(coupon, click, eligible, policy)
    elif click is not None:
        reason = _click_reason(click, sale, policy)
    elif bound is not None:
        reason = binding_reason(bound, policy)
    else:
        reason = _nobody_reason(binding)
    candidates = [_click_candidate(touch, flaw, click, coupon, policy) for touch, flaw in clicks]
    candidates += [_coupon_candidate(code, valid_coupon, coupon_rejection, reason) for code in codes]
    if binding is not None:
        outcome = "lost" if binding_rejection else "won"
        candidates.append(Candidate("customer", outcome, binding_rejection or reason, binding_facts(binding)))
    return Decision(_winner(click, coupon, bound), reason, candidates)


def click_flaw(touch: Touch, sale: SaleFacts) -> Reason | None:
    """Why this click cannot be credited for this sale; None when it can."""
    if touch["flaw"] is not None:
        return reason_of(touch["flaw"])
    if not touch["earns"]:
        return Reason(AttributionReason.CLICK_NOT_BY_PERSON)
    assert touch["at"] is not None, "only a flawed touch has no time"
    assert touch["window_days"] is not None, "only a flawed touch has no window"
    age = datetime.fromisoformat(sale["occurred_at"]) - datetime.fromisoformat(touch["at"])
    if age < -timedelta(seconds=CLOCK_TOLERANCE_S):
        tolerance = {"tolerance_minutes": CLOCK_TOLERANCE_S // 60}
        return Reason(AttributionReason.CLICK_AFTER_SALE, tolerance)
    if age > timedelta(days=touch["window_days"]):
        found = {"age_s": int(age.total_seconds()), "window_days": touch["window_days"]}
        return Reason(AttributionReason.CLICK_OUTSIDE_WINDOW, found)
    return None


def _coupon_rejection(valid_coupon: CouponUse | None, eligible: list[Touch], policy: Policy) -> Reason | None:
    """Why the valid coupon does not decide; None when it does, or when there is none."""
    if valid_coupon is None:
        return None
    if policy["coupons"] == "never":
        return Reason(AttributionReason.COUPONS_IGNORED)
    if policy["coupons"] == "always" or not eligible:
        return None
    if any(touch["creator_id"] == valid_coupon["creator_id"] for touch in eligible):
        return None
    return Reason(AttributionReason.COUPON_OWNER_NOT_INVOLVED)


def _binding_rejection(
    binding: Binding | None, click: Touch | None, coupon: CouponUse | None, sale: SaleFacts, policy: Policy
) -> Reason | None:
    """Why the binding does not decide; None when it does, or when there is none. Code and click go first."""
    if binding is None:
        return None
    if coupon is not None:
        return Reason(AttributionReason.COUPON_TAKES_PRECEDENCE, {"code": coupon["code"]})
    if click is not None:
        return Reason(AttributionReason.CLICK_TAKES_PRECEDENCE)
    return binding_rejection_reason(binding, sale, policy)


def _winning_click(eligible: list[Touch], policy: Policy) -> Touch | None:
    """`eligible` is sorted by time, equal times by id."""
    if not eligible:
        return None
    return eligible[-1] if policy["model"] == "last" else eligible[0]


def _winner(click: Touch | None, coupon: CouponUse | None, bound: Binding | None) -> Winner | None:
    """A winning binding has the link of the order that bound the customer, but no click."""
    source: Touch | CouponUse | Binding | None = coupon or click or bound
    if source is None or source["enrollment_id"] is None or source["terms_id"] is None:
        return None
    link_id = bound["link_id"] if bound else click["link_id"] if click else None
    return Winner(
        enrollment_id=source["enrollment_id"],
        terms_id=source["terms_id"],
        link_id=link_id,
        click_id=click["click_id"] if click else None,
        coupon_id=coupon["coupon_id"] if coupon else None,
    )


def _nobody_reason(binding: Binding | None) -> Reason:
    if binding is None:
        return Reason(AttributionReason.NO_CANDIDATE)
    return Reason(AttributionReason.NO_CANDIDATE_AND_NOT_BOUND)


def _coupon_reason(coupon: CouponUse, click: Touch | None, eligible: list[Touch], policy: Policy) -> Reason:
    """`eligible` are the clicks of all creators; where there are any, the code's owner has one of them."""
    if policy["coupons"] == "always":
        code = AttributionReason.COUPON_DECIDES_ALWAYS
    elif click is not None:
        code = AttributionReason.COUPON_DECIDES_OWNER_CLICKED
    elif eligible:
        code = AttributionReason.COUPON_DECIDES_OWNER_CLICKED_ELSEWHERE
    else:
        code = AttributionReason.COUPON_DECIDES_UNCONTESTED
    return Reason(code, {"code": coupon["code"]})


def _click_reason(click: Touch, sale: SaleFacts, policy: Policy) -> Reason:
    age = datetime.fromisoformat(sale["occurred_at"]) - datetime.fromisoformat(str(click["at"]))
    found = {"model": policy["model"], "age_s": int(age.total_seconds())}
    return Reason(AttributionReason.CLICK_DECIDES, found)


def _click_candidate(
    touch: Touch, flaw: Reason | None, chosen: Touch | None, coupon: CouponUse | None, policy: Policy
) -> Candidate:
    if flaw is not None:
        outcome, reason = "lost", flaw
    elif chosen is not None and touch["key"] == chosen["key"]:
        if coupon is None:
            outcome, reason = "won", Reason(AttributionReason.CREDITED_CLICK, {"model": policy["model"]})
        else:
            outcome, reason = "supports", Reason(AttributionReason.SUPPORTING_CLICK)
    elif coupon is not None:
        outcome, reason = "lost", Reason(AttributionReason.COUPON_TAKES_PRECEDENCE, {"code": coupon["code"]})
    else:
        outcome, reason = "lost", Reason(AttributionReason.OTHER_CLICK_DECIDES, {"model": policy["model"]})
    names = ("click_id", "at", "link_id", "enrollment_id")
    facts = {name: touch[name] for name in names}  # type: ignore[literal-required]
    return Candidate("click", outcome, reason, facts)


def _coupon_candidate(
    use: CouponUse, valid_coupon: CouponUse | None, coupon_rejection: Reason | None, decision: Reason
) -> Candidate:
    if use["flaw"] is not None:
        outcome, reason = "lost", reason_of(use["flaw"])
    elif valid_coupon is None or use["key"] != valid_coupon["key"]:
        outcome, reason = "lost", Reason(AttributionReason.LATER_COUPON)
    elif coupon_rejection is not None:
        outcome, reason = "lost", coupon_rejection
    else:
        outcome, reason = "won", decision
    facts = {"code": use["code"], "coupon_id": use["coupon_id"], "enrollment_id": use["enrollment_id"]}
    return Candidate("coupon", outcome, reason, facts)


def _by_time(touch: Touch) -> tuple[str, str]:
    """Times are fixed-width strings, so they sort correctly."""
    return (touch["at"] or "", touch["key"])
