"""Decides whether a credited sale is suspicious. Pure: the callers decide what follows from a suspicion.

A suspicion is never a verdict. The creator reads its sentence, too: it must not contain an address, another
creator or an order of another creator. Details that only the brand may see belong in the evidence.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from tracker.reasons import Reason
from tracker.sales.attribution.inputs import Inputs
from tracker.sales.reports.customer_hashes import address_hashes
from tracker.sales.suspicion.reasons import SUSPICION_TEXTS, SuspicionReason, shown_length_s
from tracker.times import format_utc

Signal = Literal["self_purchase", "coupon_without_click", "late_click", "many_sales", "possible_duplicate"]

SETTINGS: dict[Signal, tuple[str, ...]] = {
    "self_purchase": ("hold", "off"),
    "coupon_without_click": ("if_linked", "hold", "off"),
    "late_click": ("hold", "off"),
    "many_sales": ("10", "off"),
    "possible_duplicate": ("hold", "off"),
}
"""The possible settings of each signal, the default first. For many_sales, any integer in its limits."""

CLOCK_TOLERANCE = timedelta(seconds=60)
"""A click may be this much later than the start of the checkout, because the clocks differ."""

LATE_CLICK_WINDOW = timedelta(hours=1)
"""A click that comes later than this after the start of the checkout may have brought the shopper back."""

MIN_MANY_SALES, MAX_MANY_SALES = 2, 1000
MANY_SALES_WINDOW = timedelta(hours=24)
DUPLICATE_WINDOW = timedelta(minutes=10)
"""docs/money.md 4, possible duplicates."""

MAX_ORDERS_LISTED = 20

MAX_TIME_APART = max(MANY_SALES_WINDOW, DUPLICATE_WINDOW)
"""How far apart two sales can be so that one makes the other suspicious."""


@dataclass(frozen=True)
class Suspicion:
    """One signal for one sale. `about` is the id of the click, code or other sale that caused it, if any."""

    signal: Signal
    reason: Reason
    evidence: dict[str, Any]
    about: str = ""

    @property
    def sentence(self) -> str:
        """The reason in words."""
        return SUSPICION_TEXTS.words(self.reason)


@dataclass(frozen=True)
class CreditedSale:
    """A sale that earns a creator a commission. `shopper` identifies the shopper, see Sale.shopper."""

    sale_id: str
    order_id: str
    namespace: str
    occurred_at: datetime
    currency: str
    total_minor: int
    shopper: str | None = field(repr=False)
    creator_id: str
    click_id: str | None


def self_purchase(exact: str | None, mailbox: str | None, creator_email: str) -> Suspicion | None:
    """The shopper's e-mail address or its mailbox is the creator's.

    `exact` and `mailbox` are hashes of the shopper's address and of its mailbox, see `address_hashes`.
    """
    own = address_hashes(creator_email)
    if {own.exact, own.mailbox}.isdisjoint({exact, mailbox} - {None}):
        return None
    is_exact = exact == own.exact
    code = SuspicionReason.OWN_ADDRESS if is_exact else SuspicionReason.OWN_MAILBOX
    return Suspicion("self_purchase", Reason(code), {"match": "address" if is_exact else "mailbox"})


def coupon_without_click(
    inputs: Inputs, creator_id: str, coupon_id: str | None, *, links: bool
) -> Suspicion | None:
    """A code decided, and the sale had no click of the code's owner, not even one that does not count.

    `links`: whether the owner had a link when the sale was made.
    """
    if coupon_id is None or any(touch["creator_id"] == creator_id for touch in inputs["touches"]):
        return None
    code = next((use["code"] for use in inputs["coupons"] if use["coupon_id"] == coupon_id), coupon_id)
    others = sum(touch["creator_id"] is not None for touch in inputs["touches"])
    return Suspicion(
        "coupon_without_click",
        Reason(SuspicionReason.CODE_WITHOUT_CLICK, {"code": code}),
        {"code": code, "clicks_of_others": others, "creator_has_links": links},
        about=coupon_id,
    )


def late_click(
    inputs: Inputs, click_id: str | None, occurred_at: datetime, checkout_started_at: datetime | None
) -> Suspicion | None:
    """The credited click came when the shopper was already in the checkout, or had paid."""
    clicked = next((t["at"] for t in inputs["touches"] if click_id and t["click_id"] == click_id), None)
    if click_id is None or clicked is None:
        return None
    started_at = min(occurred_at, checkout_started_at or occurred_at)
    clicked_at = datetime.fromisoformat(clicked)
    if not CLOCK_TOLERANCE < clicked_at - started_at <= LATE_CLICK_WINDOW:
        return None
    name, code = (
        ("paid_at", SuspicionReason.CLICK_AFTER_PAYMENT)
        if started_at == occurred_at
        else ("checkout_started_at", SuspicionReason.CLICK_AFTER_CHECKOUT_BEGAN)
    )
    return Suspicion(
        "late_click",
        Reason(code, {"after_s": shown_length_s(clicked_at - started_at)}),
        {"click": click_id, "clicked_at": format_utc(clicked_at), name: format_utc(started_at)},
        about=click_id,
    )


def many_sales(sales: Iterable[CreditedSale], threshold: int) -> dict[str, Suspicion]:
    """By sale id: sales of one creator that came from one visitor, if there are `threshold` or more in a day.

    One visitor means one click or one shopper. The visitor hash is not used: it stays in the database of
    clicks, and its key is destroyed after a day.
    """
    known = list(sales)
    found: dict[str, Suspicion] = {}
    for by, name in (("click", "click_id"), ("customer", "shopper")):
        groups: dict[tuple[str, str], list[CreditedSale]] = defaultdict(list)
        for sale in known:
            if (key := getattr(sale, name)) is not None:
                groups[sale.creator_id, key].append(sale)
        for group in groups.values():
            for burst in _bursts(sorted(group, key=_by_time), threshold):
                suspicion = _burst_suspicion(burst, by)
                found |= {each.sale_id: suspicion for each in burst if each.sale_id not in found}
    return found


def possible_duplicates(sales: Iterable[CreditedSale]) -> list[tuple[CreditedSale, CreditedSale]]:
    """Pairs of sales that may be one order at two unrelated sources, earlier first (docs/money.md 4)."""
    groups: dict[tuple[str, str, int], list[CreditedSale]] = defaultdict(list)
    for sale in sales:
        if sale.shopper is not None:
            groups[sale.shopper, sale.currency, sale.total_minor].append(sale)
    found = []
    for group in groups.values():
        last_of: dict[str, CreditedSale] = {}
        for sale in sorted(group, key=_by_time):
            others = [each for namespace, each in last_of.items() if namespace != sale.namespace]
            nearest = max(others, key=_by_time, default=None)
            if nearest is not None and sale.occurred_at - nearest.occurred_at <= DUPLICATE_WINDOW:
                found.append((nearest, sale))
            last_of[sale.namespace] = sale
    return found


def duplicate_of(other: CreditedSale, sale: CreditedSale) -> Suspicion:
    """The suspicion that `sale` is the same order as `other`."""
    within_s = shown_length_s(abs(sale.occurred_at - other.occurred_at))
    return Suspicion(
        "possible_duplicate",
        Reason(SuspicionReason.POSSIBLE_DUPLICATE, {"within_s": within_s}),
        {"order": other.order_id, "namespace": other.namespace, "paid_at": format_utc(other.occurred_at)},
        about=other.sale_id,
    )


def evidence_text(signal: str, evidence: dict[str, Any]) -> str:
    """Details for the brand in addition to the sentence; may be empty."""
    templates = {
        "coupon_without_click": "clicks of other creators with the sale: {clicks_of_others}",
        "many_sales": "orders {joined}",
        "possible_duplicate": "the other is order {order} ({namespace}), paid at {paid_at}",
        "late_click": "click {click} at {clicked_at}",
    }
    joined = ", ".join(evidence.get("orders", ()))
    return templates.get(signal, "").format_map({**evidence, "joined": joined})


def _bursts(ordered: Sequence[CreditedSale], threshold: int) -> Iterator[Sequence[CreditedSale]]:
    """Each maximal group of sales within MANY_SALES_WINDOW that has `threshold` sales or more."""
    end = 0
    for start, first in enumerate(ordered):
        previous_end = end
        while end < len(ordered) and ordered[end].occurred_at - first.occurred_at <= MANY_SALES_WINDOW:
            end += 1
        if end > previous_end and end - start >= threshold:
            yield ordered[start:end]


def _burst_suspicion(burst: Sequence[CreditedSale], by: str) -> Suspicion:
    within_s = shown_length_s(burst[-1].occurred_at - burst[0].occurred_at)
    return Suspicion(
        "many_sales",
        Reason(SuspicionReason.MANY_SALES, {"count": len(burst), "within_s": within_s, "by": by}),
        {"by": by, "count": len(burst), "orders": [each.order_id for each in burst[:MAX_ORDERS_LISTED]]},
    )


def _by_time(sale: CreditedSale) -> tuple[datetime, str, str]:
    return (sale.occurred_at, sale.namespace, sale.order_id)
