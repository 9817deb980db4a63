"""The inputs of an attribution, as they are stored with it. They are plain JSON values.

To change their shape, increase RULES and extend `upgraded` to read the previous shape: every stored decision
must stay replayable forever.
"""

from typing import Any, TypedDict

from tracker.sales.attribution.reasons import AttributionReason, Flaw, flaw_of

RULES = 3
"""The version of the rules and of the shape of their inputs.

Version 1 had no known customers. In versions 1 and 2 a flaw was a sentence.
"""


class SaleFacts(TypedDict):
    brand_id: str
    order_id: str
    occurred_at: str


class Touch(TypedDict):
    """A click token that came with the sale. `flaw` is why it cannot count, regardless of its age.

    With a flaw the other fields may be empty. `key` is the same for the same token.
    """

    key: str
    click_id: str | None
    at: str | None
    flaw: Flaw | None
    earns: bool
    link_id: str | None
    enrollment_id: str | None
    creator_id: str | None
    terms_id: str | None
    window_days: int | None


class CouponUse(TypedDict):
    """A code that came with the sale; `position` is its index in the shop's list, from 0.

    `key` is the same for the same code; `code` is its spelling as created.
    """

    key: str
    code: str
    position: int
    flaw: Flaw | None
    coupon_id: str | None
    enrollment_id: str | None
    creator_id: str | None
    terms_id: str | None


class Binding(TypedDict):
    """The customer's first order credited by a click or a code; it binds the customer to that creator.

    `at` is the time of that order. `terms_id` is the version in force at the sale that is decided now.
    """

    namespace: str
    order_id: str
    at: str
    flaw: Flaw | None
    link_id: str | None
    enrollment_id: str
    creator_id: str
    terms_id: str


class Policy(TypedDict):
    """`model` is last or first; `coupons` is always, if_involved or never.

    `customers` is how long a known customer is bound: first_sale, lifetime, or months (`months` is their
    number).
    """

    model: str
    coupons: str
    customers: str
    months: int | None


class Inputs(TypedDict):
    """Everything that a decision depends on; stored with it."""

    rules: int
    sale: SaleFacts
    touches: list[Touch]
    coupons: list[CouponUse]
    binding: Binding | None
    policy: Policy


def upgraded(stored: dict[str, Any]) -> Inputs:
    """Stored inputs of any version in the current shape; the current rules give the same decision.

    Raises ValueError for a version that is not supported.
    """
    if stored["rules"] == 1:
        stored = _with_known_customers(stored)
    if stored["rules"] == 2:
        stored = _with_flaw_codes(stored)
    if stored["rules"] != RULES:
        raise ValueError(f"decided by rules {stored['rules']}; this version knows rules 1 to {RULES}")
    return stored  # type: ignore[return-value]


def _with_known_customers(stored: dict[str, Any]) -> dict[str, Any]:
    """Inputs of rules 1 as inputs of rules 2."""
    policy = {"model": stored["policy"]["model"], "coupons": stored["policy"]["coupons"]}
    return {
        "rules": 2,
        "sale": stored["sale"],
        "touches": stored["touches"],
        "coupons": stored["coupons"],
        "binding": None,
        "policy": {**policy, "customers": "first_sale", "months": None},
    }


def _with_flaw_codes(stored: dict[str, Any]) -> dict[str, Any]:
    """Inputs of rules 2 as inputs of rules 3. A stored sentence is kept as it is, and not translated."""

    def with_code(evidence: dict[str, Any]) -> dict[str, Any]:
        words = evidence["flaw"]
        flaw = None if words is None else flaw_of(AttributionReason.STORED_WORDS, words=words)
        return {**evidence, "flaw": flaw}

    binding = stored["binding"]
    return {
        **stored,
        "rules": 3,
        "touches": [with_code(touch) for touch in stored["touches"]],
        "coupons": [with_code(coupon) for coupon in stored["coupons"]],
        "binding": None if binding is None else with_code(binding),
    }
