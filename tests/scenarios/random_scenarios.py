"""Random scenarios: of the kind `standard`, of a payment at Stripe, and of both for the same order."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from tests.cast.shop import SOLD, Shop, cancellation, dispute, envelope, refund, sale
from tests.scenarios.scenarios import Message, Scenario, standard_scenario, stripe_scenario
from tests.scenarios.two_source_scenarios import AMOUNTS, CHARGE, INTENT, SESSION, supported
from tests.tracker.sales.payloads_read import event

RATE = Fraction(10, 100)
SOLD_AT = datetime.fromisoformat(SOLD)


@dataclass(frozen=True)
class Expected:
    """A scenario and the expected commission of its order, computed with fractions by docs/money.md 3."""

    scenario: Scenario
    commission_minor: int


def round_half_up(exact: Fraction) -> int:
    return int(exact + Fraction(1, 2))


def expected_commission_minor(
    total: int, net: int, stated: list[tuple[int, int]], unstated: list[int]
) -> int:
    """The commission on the net amount, in minor units, as are all arguments.

    `stated` are refunds that state their tax, as (amount, net part); `unstated` are the amounts of the
    others.
    """
    refunded = min(sum(amount for amount, _ in stated), total)
    refunded_net = min(sum(net_part for _, net_part in stated), net)
    unstated_sum = min(sum(unstated), total - refunded)
    if refunded + unstated_sum == total:
        return 0
    refunded_net += round_half_up(Fraction(unstated_sum * (net - refunded_net), total - refunded))
    return round_half_up((net - refunded_net) * RATE)


@st.composite
def shop_scenarios(draw: st.DrawFn, shop: Shop) -> Expected:
    """A sale, reported up to three times with different evidence; refunds, disputes, a cancellation."""
    total = draw(st.integers(1, 20_000))
    tax = draw(st.integers(0, total))
    shipping = draw(st.integers(0, total - tax))
    amounts = {"total": total, "tax": tax, "shipping": shipping}
    reports: list[tuple[str, dict[str, Any]]] = [
        ("sale.created", sale(**amounts, **evidence)) for evidence in draw(_evidence(shop))
    ]
    stated, unstated = {}, {}
    for refund_id in draw(st.lists(st.sampled_from(("r1", "r2", "r3", "d1")), unique=True)):
        amount = draw(st.integers(1, total))
        refund_tax = draw(st.none() | st.integers(0, amount))
        times = draw(st.integers(1, 2))
        reports += [("refund.created", refund(refund_id, amount=amount, tax=refund_tax))] * times
        if refund_tax is None:
            unstated[refund_id] = amount
        else:
            stated[refund_id] = (amount, amount - refund_tax)
    for dispute_id in draw(st.lists(st.sampled_from(("d1", "d2")), unique=True)):
        amount, hours = draw(st.integers(1, total)), draw(_dispute_hours())
        reports += [
            (
                "dispute.updated",
                dispute(status, dispute_id=dispute_id, amount=amount, occurred_at=_hour(hour)),
            )
            for status, hour in hours.items()
        ]
        if _is_lost(hours) and dispute_id not in stated:
            unstated.setdefault(dispute_id, amount)
    cancelled = draw(st.sampled_from((False, False, False, True)))
    reports += [("order.cancelled", cancellation())] * cancelled
    messages = (Message(f"m{number}", envelope(kind, data)) for number, (kind, data) in enumerate(reports))
    remaining_minor = expected_commission_minor(
        total, total - tax - shipping, list(stated.values()), list(unstated.values())
    )
    scenario = Scenario(("standard",), tuple(messages), attribution_may_change=True)
    return Expected(scenario, 0 if cancelled else remaining_minor)


@st.composite
def _evidence(draw: st.DrawFn, shop: Shop) -> list[dict[str, Any]]:
    """Evidence for up to three reports of a sale. The first has a click, so a creator is always credited."""
    clicks = st.sampled_from(("anna", "bob")).flatmap(
        lambda owner: st.sampled_from(("2025-10-30", "2025-10-31")).map(
            lambda day: {"click": shop.token(owner, f"{day}T10:00:00+00:00")}
        )
    )
    more: st.SearchStrategy[dict[str, Any]] = st.just({}) | st.just({"coupons": ["ANNA10"]}) | clicks
    return [draw(clicks), *draw(st.lists(more, max_size=2))]


def _dispute_hours() -> st.SearchStrategy[dict[str, int]]:
    """The hour of each status of a dispute; several may have the same hour."""
    return st.dictionaries(st.sampled_from(("opened", "lost", "won")), st.integers(11, 12), min_size=1)


def _hour(hour: int) -> str:
    return SOLD.replace("T10", f"T{hour}")


def _is_lost(hours: dict[str, int]) -> bool:
    """Whether the dispute is lost: the later of lost and won counts; at the same time, lost counts."""
    return "lost" in hours and hours["lost"] >= hours.get("won", 0)


PAYMENT: dict[str, Any] = {"payment_intent": INTENT, "charge": CHARGE}
TOTAL, NET = 11305, 9000


@dataclass(frozen=True)
class Payment:
    """Stripe's events about a payment, and amounts in minor units.

    `created` are all refunds, `successful` those that did not fail, `lost` the lost disputes.
    """

    events: list[dict[str, Any]]
    created: list[int]
    successful: list[int]
    lost: list[int]

    @property
    def commission_minor(self) -> int:
        return expected_commission_minor(TOTAL, NET, [], [*self.successful, *self.lost])


@st.composite
def payment_scenarios(draw: st.DrawFn, shop: Shop) -> Expected:
    payment = draw(_payments(shop))
    return Expected(stripe_scenario(*payment.events), payment.commission_minor)


@st.composite
def shop_and_provider_scenarios(draw: st.DrawFn, shop: Shop) -> Expected:
    """Either source is primary. The shop has its own refund ids, and may report all refunds as one.

    When Stripe is primary, the shop may not know that some refunds failed.
    """
    payment, is_shop_primary = draw(_payments(shop)), draw(st.booleans())
    references = [CHARGE, *draw(st.sampled_from(((SESSION,), (INTENT,), (SESSION, INTENT))))]
    amounts = (
        payment.successful
        if is_shop_primary
        else draw(st.sampled_from((payment.successful, payment.created)))
    )
    reported = draw(st.sampled_from((amounts, [sum(amounts)] if amounts else [])))
    refunds = (
        ("refund.created", refund(f"ours-{number}", amount=each)) for number, each in enumerate(reported)
    )
    ours = standard_scenario(("sale.created", sale(**AMOUNTS, references=references)), *refunds)
    theirs = stripe_scenario(*payment.events)
    scenario = supported(ours, theirs) if is_shop_primary else supported(theirs, ours)
    return Expected(replace(scenario, attribution_may_change=False), payment.commission_minor)


@st.composite
def _payments(draw: st.DrawFn, shop: Shop) -> Payment:
    """Refunds, some of which fail, reported singly or also as running totals; then perhaps a dispute."""
    refund_shape = draw(st.sampled_from(("basil", "classic", "singly")))
    events = [event("stripe_session_paid", client_reference_id=shop.token("anna"))]
    created: list[dict[str, Any]] = []
    failed: set[str] = set()
    for number in range(draw(st.integers(0, 4))):
        at = int((SOLD_AT + timedelta(hours=1 + number)).timestamp())
        successful = [each for each in created if each["id"] not in failed]
        refunded = sum(each["amount"] for each in successful)
        if draw(st.booleans()) and successful:
            failing = draw(st.sampled_from(successful))
            failed.add(failing["id"])
            events += _failure(failing, at)
        elif refunded < TOTAL:
            new = {"id": f"re_{number}", "amount": draw(st.integers(1, TOTAL - refunded)), "created": at}
            created.append(new | PAYMENT)
            events += _refund(created[-1], created, failed, at, refund_shape)
    remaining, lost = [each["amount"] for each in created if each["id"] not in failed], []
    if sum(remaining) < TOTAL and draw(st.booleans()):
        disputed, status = TOTAL - sum(remaining), draw(st.sampled_from(("won", "lost")))
        events += _dispute(disputed, status)
        lost = [disputed] * (status == "lost")
    return Payment(events, [each["amount"] for each in created], remaining, lost)


def _refund(
    new: dict[str, Any], created: list[dict[str, Any]], failed: set[str], at: int, refund_shape: str
) -> list[dict[str, Any]]:
    """The event of the refund, and that of the charge with the running total.

    In the classic shape, the charge also lists the single refunds.
    """
    events = [event("stripe_refund_created", key=f"evt_{new['id']}", at=at, **new)]
    if refund_shape == "singly":
        return events
    running_total = sum(each["amount"] for each in created if each["id"] not in failed)
    charge = event(
        f"stripe_charge_refunded_{refund_shape}", key=f"evt_level_{at}", at=at, amount_refunded=running_total
    )
    if refund_shape == "classic":
        [shape] = charge["data"]["object"]["refunds"]["data"]
        listed = [
            shape | each | {"status": "failed" if each["id"] in failed else "succeeded"} for each in created
        ]
        charge["data"]["object"]["refunds"]["data"] = listed
    return [*events, charge]


def _failure(refund_values: dict[str, Any], at: int) -> list[dict[str, Any]]:
    values = refund_values | {"status": "failed"}
    return [
        event(
            "stripe_refund_created", key=f"evt_{kind}_{values['id']}", type=f"refund.{kind}", at=at, **values
        )
        for kind in ("failed", "updated")
    ]


def _dispute(amount: int, status: str) -> list[dict[str, Any]]:
    closed: dict[str, Any] = {"type": "charge.dispute.closed", "key": "evt_closed", "at": 1762250000}
    return [
        event("stripe_dispute_created", amount=amount),
        event("stripe_dispute_created", **closed, amount=amount, status=status),
    ]
