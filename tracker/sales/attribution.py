"""Who is credited for a sale, and why: MONEY 5 as one pure function of data that is stored with the decision.

Everything that goes in is plain JSON, so that anyone can make the decision again, years later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypedDict

RULES = 1
"""The number of these rules. Changed rules get the next one; decisions made by the former keep theirs."""

GRACE_S = 300
"""A click may be this much later than the sale: the clocks of two machines are never the same."""


class SaleFacts(TypedDict):
    brand_id: str
    order_id: str
    occurred_at: str


class Touch(TypedDict):
    """A click token that came with the sale. `flaw` says why it cannot count, whatever the sale is.

    With a flaw nothing else needs to be known. `key` is the same for the same token.
    """

    key: str
    click_id: str | None
    at: str | None
    flaw: str | None
    earns: bool
    link_id: str | None
    enrollment_id: str | None
    creator_id: str | None
    terms_id: str | None
    window_days: int | None


class CouponUse(TypedDict):
    """A code that came with the sale; `position` is its place in the shop's list, from 0.

    `key` is the same for the same code; `code` is how its owner writes it.
    """

    key: str
    code: str
    position: int
    flaw: str | None
    coupon_id: str | None
    enrollment_id: str | None
    creator_id: str | None
    terms_id: str | None


class Policy(TypedDict):
    """`model` is last or first; `coupons` is always, if_involved or never."""

    model: str
    coupons: str


class Inputs(TypedDict):
    """Everything that a decision is made from; stored beside it."""

    rules: int
    sale: SaleFacts
    touches: list[Touch]
    coupons: list[CouponUse]
    policy: Policy


@dataclass(frozen=True)
class Credit:
    """Who won, by which version of the terms, through which click and code."""

    enrollment_id: str
    terms_id: str
    link_id: str | None = None
    click_id: str | None = None
    coupon_id: str | None = None


@dataclass(frozen=True)
class Decision:
    """`candidates`: each with kind, outcome (won, supports or lost) and its own reason."""

    winner: Credit | None
    reason: str
    candidates: list[dict[str, Any]]


def replay_decision(inputs: Inputs) -> Decision:
    """The decision that these stored inputs lead to."""
    if inputs["rules"] != RULES:
        raise ValueError(f"decided by rules {inputs['rules']}; this version has rules {RULES}")
    return decide(inputs["sale"], inputs["touches"], inputs["coupons"], inputs["policy"])


def decide(
    sale: SaleFacts, touches: Sequence[Touch], coupons: Sequence[CouponUse], policy: Policy
) -> Decision:
    """The order of `touches` and `coupons` does not matter: their times and positions do."""
    clicks = [(touch, click_flaw(touch, sale)) for touch in sorted(touches, key=_by_time)]
    codes = sorted(coupons, key=lambda code: (code["position"], code["key"]))
    eligible = [touch for touch, flaw in clicks if flaw is None]
    owned = next((code for code in codes if code["flaw"] is None), None)
    denied = _why_not_the_coupon(owned, eligible, policy)
    coupon = owned if denied is None else None
    if coupon is not None:
        # The click only shows the way; it is another program's when the creator is in two of them.
        eligible = [touch for touch in eligible if touch["enrollment_id"] == coupon["enrollment_id"]]
    click = _chosen(eligible, policy)
    reason = _coupon_reason(coupon, click, policy) if coupon else _click_reason(click, sale, policy)
    candidates = [_judged_click(touch, flaw, click, coupon, policy) for touch, flaw in clicks]
    candidates += [_judged_coupon(code, owned, denied, reason) for code in codes]
    return Decision(_credit(click, coupon), reason, candidates)


def click_flaw(touch: Touch, sale: SaleFacts) -> str | None:
    """Why this click cannot be credited for this sale; None when it can."""
    if touch["flaw"] is not None:
        return touch["flaw"]
    if not touch["earns"]:
        return "The click does not count as a person's."
    assert touch["at"] is not None, "only a flawed touch has no time"
    assert touch["window_days"] is not None, "only a flawed touch has no window"
    age = datetime.fromisoformat(sale["occurred_at"]) - datetime.fromisoformat(touch["at"])
    if age < -timedelta(seconds=GRACE_S):
        return f"The click came more than {GRACE_S // 60} minutes after the sale."
    if age > timedelta(days=touch["window_days"]):
        return f"The click is {_span(age)} older than the sale; the window is {touch['window_days']} days."
    return None


def _why_not_the_coupon(owned: CouponUse | None, eligible: list[Touch], policy: Policy) -> str | None:
    if owned is None:
        return "No listed code counts."
    if policy["coupons"] == "never":
        return "The brand's coupon policy is never: codes are ignored."
    if policy["coupons"] == "always" or not eligible:
        return None
    if any(touch["creator_id"] == owned["creator_id"] for touch in eligible):
        return None
    return "The brand's coupon policy is if_involved: its owner has no eligible click, and somebody else has."


def _chosen(eligible: list[Touch], policy: Policy) -> Touch | None:
    """`eligible` is sorted by time, equal times by id."""
    if not eligible:
        return None
    return eligible[-1] if policy["model"] == "last" else eligible[0]


def _credit(click: Touch | None, coupon: CouponUse | None) -> Credit | None:
    source: Touch | CouponUse | None = coupon or click
    if source is None or source["enrollment_id"] is None or source["terms_id"] is None:
        return None
    return Credit(
        enrollment_id=source["enrollment_id"],
        terms_id=source["terms_id"],
        link_id=click["link_id"] if click else None,
        click_id=click["click_id"] if click else None,
        coupon_id=coupon["coupon_id"] if coupon else None,
    )


def _coupon_reason(coupon: CouponUse, click: Touch | None, policy: Policy) -> str:
    if policy["coupons"] == "always":
        why = "the brand's coupon policy is always"
    elif click is not None:
        why = "its owner also has an eligible click"
    else:
        why = "no other creator is involved"
    return f"The code {coupon['code']} decides: {why}."


def _click_reason(click: Touch | None, sale: SaleFacts, policy: Policy) -> str:
    if click is None:
        return "No eligible click and no code of a creator came with the sale."
    age = datetime.fromisoformat(sale["occurred_at"]) - datetime.fromisoformat(str(click["at"]))
    return f"The {policy['model']} eligible click decides, {_span(age)} before the sale."


def _judged_click(
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


def _judged_coupon(
    code: CouponUse, owned: CouponUse | None, denied: str | None, reason: str
) -> dict[str, Any]:
    if code["flaw"] is not None:
        outcome, why = "lost", code["flaw"]
    elif owned is None or code["key"] != owned["key"]:
        outcome, why = "lost", "Another code of a creator was listed before it."
    elif denied is not None:
        outcome, why = "lost", denied
    else:
        outcome, why = "won", reason
    facts = {"code": code["code"], "coupon_id": code["coupon_id"], "enrollment_id": code["enrollment_id"]}
    return {"kind": "coupon", "outcome": outcome, "reason": why, **facts}


def _by_time(touch: Touch) -> tuple[str, str]:
    """Times are texts of one width, so they sort as they are."""
    return (touch["at"] or "", touch["key"])


def _span(age: timedelta) -> str:
    """For people: 3 days, 5 hours, 12 minutes."""
    minutes = max(int(age.total_seconds()) // 60, 0)
    for unit, size in (("day", 1440), ("hour", 60)):
        if minutes >= size:
            count = minutes // size
            return f"{count} {unit}{'s' if count != 1 else ''}"
    return f"{minutes} minute{'s' if minutes != 1 else ''}"
