"""The inputs of an attribution, as they are stored with it. They are plain JSON values.

To change their shape, increase RULES and extend `upgraded` to read the previous shape: every stored decision
must stay replayable forever.
"""

from typing import Any, TypedDict

RULES = 2
"""The version of the rules and of the shape of their inputs. Version 1 had no known customers."""


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
    flaw: str | None
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
    flaw: str | None
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
    flaw: str | None
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
    if stored["rules"] == RULES:
        return stored  # type: ignore[return-value]
    if stored["rules"] != 1:
        raise ValueError(f"decided by rules {stored['rules']}; this version knows rules 1 to {RULES}")
    former = stored["policy"]
    return Inputs(
        rules=RULES,
        sale=stored["sale"],
        touches=stored["touches"],
        coupons=stored["coupons"],
        binding=None,
        policy=Policy(model=former["model"], coupons=former["coupons"], customers="first_sale", months=None),
    )
