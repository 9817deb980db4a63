"""What a decision about credit is made from, as it is stored beside it. Plain JSON, and nothing else.

Whoever changes the shape gives it the next number, and teaches `upgraded` to read the former: a decision
stays replayable for ever.
"""

from typing import Any, TypedDict

RULES = 2
"""The number of the rules, and of the shape of their inputs. 1 knew nothing of known customers."""


class SaleFacts(TypedDict):
    brand_id: str
    order_id: str
    occurred_at: str


class Touch(TypedDict):
    """A click token that came with the sale. `flaw` says why it cannot count, whatever its age.

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


class Binding(TypedDict):
    """The customer's first order that a click or a code credited, whose creator he is bound to.

    `at` is when he bought it. `terms_id` is the version in force at the sale that is decided now.
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

    `customers` says for how long a known customer is bound: first_sale, lifetime, or for `months`.
    """

    model: str
    coupons: str
    customers: str
    months: int | None


class Inputs(TypedDict):
    """Everything that a decision is made from; stored beside it."""

    rules: int
    sale: SaleFacts
    touches: list[Touch]
    coupons: list[CouponUse]
    binding: Binding | None
    policy: Policy


def upgraded(stored: dict[str, Any]) -> Inputs:
    """Inputs of any number in the present shape; these rules decide them as the former did.

    Raises ValueError for a number that this version does not know.
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
