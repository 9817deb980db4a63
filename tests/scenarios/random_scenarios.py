"""Tales that nobody thought of: random ones of our own schema, and the random life of a payment at Stripe."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from tests.scenarios.scenarios import Message, Scenario, standard_scenario, stripe_scenario
from tests.scenarios.two_source_scenarios import AMOUNTS, CHARGE, INTENT, SESSION, supported
from tests.tracker.sales.payloads_read import event
from tests.tracker.sales.shop import SOLD, Shop, cancellation, dispute, envelope, refund, sale

RATE = Fraction(10, 100)
SOLD_AT = datetime.fromisoformat(SOLD)


@dataclass(frozen=True)
class Expected:
    """A tale, and what its order's commission must be worth in the end, by docs/money.md 3, in fractions."""

    scenario: Scenario
    commission_minor: int


def divide_half_up(exact: Fraction) -> int:
    return int(exact + Fraction(1, 2))


def expected_commission_minor(
    total: int, net: int, stated: list[tuple[int, int]], unstated: list[int]
) -> int:
    """The commission on the net amount; `stated` are refunds as their amount and the net part of it."""
    back, refunded_net = (
        min(sum(each for each, _ in stated), total),
        min(sum(each for _, each in stated), net),
    )
    rest = min(sum(unstated), total - back)
    if back + rest == total:
        return 0
    refunded_net += divide_half_up(Fraction(rest * (net - refunded_net), total - back))
    return divide_half_up((net - refunded_net) * RATE)


@st.composite
def shop_scenarios(draw: st.DrawFn, shop: Shop) -> Expected:
    """A sale told up to three times, with other evidence each, refunds twice, disputes, a cancellation."""
    total = draw(st.integers(1, 20_000))
    tax = draw(st.integers(0, total))
    shipping = draw(st.integers(0, total - tax))
    amounts = {"total": total, "tax": tax, "shipping": shipping}
    told: list[tuple[str, dict[str, Any]]] = [
        ("sale.created", sale(**amounts, **evidence)) for evidence in draw(_evidence(shop))
    ]
    stated, unstated = {}, {}
    for refund_id in draw(st.lists(st.sampled_from(("r1", "r2", "r3", "d1")), unique=True)):
        amount = draw(st.integers(1, total))
        refund_tax = draw(st.none() | st.integers(0, amount))
        times = draw(st.integers(1, 2))
        told += [("refund.created", refund(refund_id, amount=amount, tax=refund_tax))] * times
        if refund_tax is None:
            unstated[refund_id] = amount
        else:
            stated[refund_id] = (amount, amount - refund_tax)
    for dispute_id in draw(st.lists(st.sampled_from(("d1", "d2")), unique=True)):
        amount, steps = draw(st.integers(1, total)), draw(_steps())
        told += [
            ("dispute.updated", dispute(each, dispute_id=dispute_id, amount=amount, occurred_at=_hour(hour)))
            for each, hour in steps.items()
        ]
        if _is_lost(steps) and dispute_id not in stated:
            unstated.setdefault(dispute_id, amount)
    cancelled = draw(st.sampled_from((False, False, False, True)))
    told += [("order.cancelled", cancellation())] * cancelled
    messages = (Message(f"m{number}", envelope(kind, data)) for number, (kind, data) in enumerate(told))
    left = expected_commission_minor(
        total, total - tax - shipping, list(stated.values()), list(unstated.values())
    )
    scenario = Scenario(("standard",), tuple(messages), credit_may_change=True)
    return Expected(scenario, 0 if cancelled else left)


@st.composite
def _evidence(draw: st.DrawFn, shop: Shop) -> list[dict[str, Any]]:
    """Whoever is credited, somebody is."""
    clicks = st.sampled_from(("anna", "bob")).flatmap(
        lambda owner: st.sampled_from(("2025-10-30", "2025-10-31")).map(
            lambda day: {"click": shop.token(owner, f"{day}T10:00:00+00:00")}
        )
    )
    more: st.SearchStrategy[dict[str, Any]] = st.just({}) | st.just({"coupons": ["ANNA10"]}) | clicks
    return [draw(clicks), *draw(st.lists(more, max_size=2))]


def _steps() -> st.SearchStrategy[dict[str, int]]:
    """The hour of each step; two of them may have the same."""
    return st.dictionaries(st.sampled_from(("opened", "lost", "won")), st.integers(11, 12), min_size=1)


def _hour(hour: int) -> str:
    return SOLD.replace("T10", f"T{hour}")


def _is_lost(steps: dict[str, int]) -> bool:
    """The later one of both counts; at the same time the worse one."""
    return "lost" in steps and steps["lost"] >= steps.get("won", 0)


PAYMENT: dict[str, Any] = {"payment_intent": INTENT, "charge": CHARGE}
TOTAL, NET = 11305, 9000


@dataclass(frozen=True)
class Payment:
    """Its life as Stripe tells it. Amounts in minor units: of its refunds, of those that stand, and lost."""

    events: list[dict[str, Any]]
    made: list[int]
    kept: list[int]
    lost: list[int]

    @property
    def commission_minor(self) -> int:
        return expected_commission_minor(TOTAL, NET, [], [*self.kept, *self.lost])


@st.composite
def payment_scenarios(draw: st.DrawFn, shop: Shop) -> Expected:
    payment = draw(_payments(shop))
    return Expected(stripe_scenario(*payment.events), payment.commission_minor)


@st.composite
def shop_and_provider_scenarios(draw: st.DrawFn, shop: Shop) -> Expected:
    """Either one's word counts. The shop has ids of its own for the refunds, and may tell all as one.

    Where Stripe's word counts, the shop may not know that some of them failed.
    """
    payment, is_shop_primary = draw(_payments(shop)), draw(st.booleans())
    known = [CHARGE, *draw(st.sampled_from(((SESSION,), (INTENT,), (SESSION, INTENT))))]
    back = payment.kept if is_shop_primary else draw(st.sampled_from((payment.kept, payment.made)))
    pieces = draw(st.sampled_from((back, [sum(back)] if back else [])))
    told = (("refund.created", refund(f"ours-{number}", amount=each)) for number, each in enumerate(pieces))
    ours = standard_scenario(("sale.created", sale(**AMOUNTS, references=known)), *told)
    theirs = stripe_scenario(*payment.events)
    scenario = supported(ours, theirs) if is_shop_primary else supported(theirs, ours)
    return Expected(replace(scenario, credit_may_change=False), payment.commission_minor)


@st.composite
def _payments(draw: st.DrawFn, shop: Shop) -> Payment:
    """Refunds, some of which fail, told singly or also as totals so far; a dispute at the end."""
    refund_shape = draw(st.sampled_from(("basil", "classic", "singly")))
    events = [event("stripe_session_paid", client_reference_id=shop.token("anna"))]
    made: list[dict[str, Any]] = []
    failed: set[str] = set()
    for number in range(draw(st.integers(0, 4))):
        at = int((SOLD_AT + timedelta(hours=1 + number)).timestamp())
        standing = [each for each in made if each["id"] not in failed]
        back = sum(each["amount"] for each in standing)
        if draw(st.booleans()) and standing:
            gone = draw(st.sampled_from(standing))
            failed.add(gone["id"])
            events += _failure(gone, at)
        elif back < TOTAL:
            new = {"id": f"re_{number}", "amount": draw(st.integers(1, TOTAL - back)), "created": at}
            made.append(new | PAYMENT)
            events += _refund(made[-1], made, failed, at, refund_shape)
    kept, lost = [each["amount"] for each in made if each["id"] not in failed], []
    if sum(kept) < TOTAL and draw(st.booleans()):
        disputed, status = TOTAL - sum(kept), draw(st.sampled_from(("won", "lost")))
        events += _dispute(disputed, status)
        lost = [disputed] * (status == "lost")
    return Payment(events, [each["amount"] for each in made], kept, lost)


def _refund(
    new: dict[str, Any], made: list[dict[str, Any]], failed: set[str], at: int, refund_shape: str
) -> list[dict[str, Any]]:
    """The refund's event, and the charge's with all that stood then; in the classic shape one by one."""
    told = [event("stripe_refund_created", key=f"evt_{new['id']}", at=at, **new)]
    if refund_shape == "singly":
        return told
    so_far = sum(each["amount"] for each in made if each["id"] not in failed)
    charge = event(
        f"stripe_charge_refunded_{refund_shape}", key=f"evt_level_{at}", at=at, amount_refunded=so_far
    )
    if refund_shape == "classic":
        [shape] = charge["data"]["object"]["refunds"]["data"]
        listed = [
            shape | each | {"status": "failed" if each["id"] in failed else "succeeded"} for each in made
        ]
        charge["data"]["object"]["refunds"]["data"] = listed
    return [*told, charge]


def _failure(lost: dict[str, Any], at: int) -> list[dict[str, Any]]:
    gone = lost | {"status": "failed"}
    return [
        event("stripe_refund_created", key=f"evt_{kind}_{lost['id']}", type=f"refund.{kind}", at=at, **gone)
        for kind in ("failed", "updated")
    ]


def _dispute(amount: int, status: str) -> list[dict[str, Any]]:
    closed: dict[str, Any] = {"type": "charge.dispute.closed", "key": "evt_closed", "at": 1762250000}
    return [
        event("stripe_dispute_created", amount=amount),
        event("stripe_dispute_created", **closed, amount=amount, status=status),
    ]
