"""Who is credited for a sale, and why: docs/money.md 5 as one pure function of data stored with the decision.

All inputs are plain JSON, so that the decision can be replayed years later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tracker.sales.attribution.customer_binding import (
    binding_candidate,
    binding_reason,
    binding_rejection_reason,
)
from tracker.sales.attribution.inputs import Binding, CouponUse, Policy, SaleFacts, Touch, upgraded

NO_CANDIDATE_REASON = "No eligible click and no code of a creator came with the sale"

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
class Decision:
    """`candidates` are all that were considered, with kind, outcome (won, supports or lost) and reason."""

    winner: Winner | None
    reason: str
    candidates: list[dict[str, Any]]


def replay_decision(stored: dict[str, Any]) -> Decision:
    """Decide again from stored inputs. Raises ValueError for a version of the rules that is not supported."""
    inputs = upgraded(stored)
    return decide(inputs["sale"], inputs["touches"], inputs["coupons"], inputs["policy"], inputs["binding"])


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
    coupon_rejection = _coupon_rejection_reason(valid_coupon, eligible, policy)
    coupon = valid_coupon if coupon_rejection is None else None
    if coupon is not None:
        # The click only supports the code; it is ignored when it belongs to another enrollment.
        eligible = [touch for touch in eligible if touch["enrollment_id"] == coupon["enrollment_id"]]
    click = _winning_click(eligible, policy)
    binding_rejection = _binding_rejection_reason(binding, click, coupon, sale, policy)
    bound = binding if binding_rejection is None else None
    reason = _reason(click, coupon, binding, bound, sale, policy)
    candidates = [_click_candidate(touch, flaw, click, coupon, policy) for touch, flaw in clicks]
    candidates += [_coupon_candidate(code, valid_coupon, coupon_rejection, reason) for code in codes]
    if binding is not None:
        candidates.append(
            binding_candidate(binding, "lost" if binding_rejection else "won", binding_rejection or reason)
        )
    return Decision(_winner(click, coupon, bound), reason, candidates)


def click_flaw(touch: Touch, sale: SaleFacts) -> str | None:
    """Why this click cannot be credited for this sale; None when it can."""
    if touch["flaw"] is not None:
        return touch["flaw"]
    if not touch["earns"]:
        return "The click does not count as a person's."
    assert touch["at"] is not None, "only a flawed touch has no time"
    assert touch["window_days"] is not None, "only a flawed touch has no window"
    age = datetime.fromisoformat(sale["occurred_at"]) - datetime.fromisoformat(touch["at"])
    if age < -timedelta(seconds=CLOCK_TOLERANCE_S):
        return f"The click came more than {CLOCK_TOLERANCE_S // 60} minutes after the sale."
    if age > timedelta(days=touch["window_days"]):
        window_days = touch["window_days"]
        return f"The click is {_duration_text(age)} older than the sale; the window is {window_days} days."
    return None


def _coupon_rejection_reason(
    valid_coupon: CouponUse | None, eligible: list[Touch], policy: Policy
) -> str | None:
    if valid_coupon is None:
        return "No listed code counts."
    if policy["coupons"] == "never":
        return "The brand's coupon policy is never: codes are ignored."
    if policy["coupons"] == "always" or not eligible:
        return None
    if any(touch["creator_id"] == valid_coupon["creator_id"] for touch in eligible):
        return None
    return "The brand's coupon policy is if_involved: its owner has no eligible click, and somebody else has."


def _binding_rejection_reason(
    binding: Binding | None, click: Touch | None, coupon: CouponUse | None, sale: SaleFacts, policy: Policy
) -> str | None:
    """Why the binding does not decide; None when it does. A code or a click takes precedence."""
    if coupon is not None:
        return f"The code {coupon['code']} decides."
    if click is not None:
        return "A click decides."
    if binding is None:
        return "The customer is not known."
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


def _reason(
    click: Touch | None,
    coupon: CouponUse | None,
    binding: Binding | None,
    bound: Binding | None,
    sale: SaleFacts,
    policy: Policy,
) -> str:
    if coupon is not None:
        return _coupon_reason(coupon, click, policy)
    if click is not None:
        return _click_reason(click, sale, policy)
    if bound is not None:
        return binding_reason(bound, policy)
    return (
        f"{NO_CANDIDATE_REASON}."
        if binding is None
        else f"{NO_CANDIDATE_REASON}, and no creator is bound to the customer."
    )


def _coupon_reason(coupon: CouponUse, click: Touch | None, policy: Policy) -> str:
    if policy["coupons"] == "always":
        why = "the brand's coupon policy is always"
    elif click is not None:
        why = "its owner also has an eligible click"
    else:
        why = "no other creator is involved"
    return f"The code {coupon['code']} decides: {why}."


def _click_reason(click: Touch, sale: SaleFacts, policy: Policy) -> str:
    age = datetime.fromisoformat(sale["occurred_at"]) - datetime.fromisoformat(str(click["at"]))
    return f"The {policy['model']} eligible click decides, {_duration_text(age)} before the sale."


def _click_candidate(
    touch: Touch, flaw: str | None, chosen: Touch | None, coupon: CouponUse | None, policy: Policy
) -> dict[str, Any]:
    if flaw is not None:
        outcome, reason = "lost", flaw
    elif chosen is not None and touch["key"] == chosen["key"]:
        if coupon is None:
            outcome, reason = "won", f"It is the {policy['model']} eligible click."
        else:
            outcome, reason = "supports", "The same creator's code decides; this click shows the way."
    elif coupon is not None:
        outcome, reason = "lost", f"The code {coupon['code']} decides."
    else:
        side = "later" if policy["model"] == "last" else "earlier"
        outcome, reason = "lost", f"Another eligible click is {side}."
    names = ("click_id", "at", "link_id", "enrollment_id")
    facts = {name: touch[name] for name in names}  # type: ignore[literal-required]
    return {"kind": "click", "outcome": outcome, "reason": reason, **facts}


def _coupon_candidate(
    code: CouponUse, valid_coupon: CouponUse | None, coupon_rejection: str | None, reason: str
) -> dict[str, Any]:
    if code["flaw"] is not None:
        outcome, why = "lost", code["flaw"]
    elif valid_coupon is None or code["key"] != valid_coupon["key"]:
        outcome, why = "lost", "Another code of a creator was listed before it."
    elif coupon_rejection is not None:
        outcome, why = "lost", coupon_rejection
    else:
        outcome, why = "won", reason
    facts = {"code": code["code"], "coupon_id": code["coupon_id"], "enrollment_id": code["enrollment_id"]}
    return {"kind": "coupon", "outcome": outcome, "reason": why, **facts}


def _by_time(touch: Touch) -> tuple[str, str]:
    """Times are fixed-width strings, so they sort correctly."""
    return (touch["at"] or "", touch["key"])


def _duration_text(age: timedelta) -> str:
    """For people: 3 days, 5 hours, 12 minutes."""
    minutes = max(int(age.total_seconds()) // 60, 0)
    for unit, size in (("day", 1440), ("hour", 60)):
        if minutes >= size:
            count = minutes // size
            return f"{count} {unit}{'s' if count != 1 else ''}"
    return f"{minutes} minute{'s' if minutes != 1 else ''}"
