"""Orders as a shop reports them: event, sale and attribution; refunds and disputes of orders."""

import hashlib
import json
import random
from bisect import bisect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.books.options import CURRENCY, ZONE, FillOptions, SeededIds
from bench.books.people import People
from bench.books.rows import RowWriter
from payouts.ledger.calendar import days_later
from tracker.sales.attribution.evidence import iso_time
from tracker.sales.attribution.inputs import RULES, Inputs, Policy, SaleFacts, Touch
from tracker.sales.attribution.stored_decision import replay_decision
from tracker.sales.reports.normal import DisputeReport, Item, RefundReport, SaleReport
from tracker.times import format_utc

WINDOW_DAYS = 30
_UNCREDITED_SHARE = 0.04
_NAMED_SHARE = 0.25
"""Orders that have a second name, such as the payment's."""
_KNOWN_CUSTOMER_SHARE = 0.3
_POLICY = Policy(model="last", coupons="if_involved", customers="first_sale", months=None)
_SALE = ["id", "brand_id", "namespace", "event_id", "payload_hash", "created_at"]
_REPORTED = ["received_at", "applied_at"]


@dataclass(frozen=True, slots=True)
class SoldOrder:
    """A sale, and of its attribution what its commission needs. `number` is the member's; None: no credit."""

    sale_id: str
    attribution_id: str
    order_id: str
    number: int | None
    sold_at: datetime
    booked_at: datetime
    total: int
    tax: int
    shipping: int
    evidence: Mapping[str, Any] | None
    inputs: Inputs | None
    click_id: str | None
    checkout_started_at: datetime | None

    def without_evidence(self) -> "SoldOrder":
        """What later events need; millions of orders wait for them."""
        return replace(self, evidence=None, inputs=None)


class SalesWriter:
    """Makes the rows of orders with amounts, tokens and customers drawn by chance."""

    def __init__(
        self, options: FillOptions, writer: RowWriter, ids: SeededIds, people: People, chance: random.Random
    ) -> None:
        self._options, self._ids, self._people, self._chance = options, ids, people, chance
        facts = _columns_of_facts()
        self._event = writer.table(
            "event",
            "id",
            "source_id",
            "external_id",
            "body",
            "body_hash",
            "type",
            "order_id",
            "state",
            *_REPORTED,
        )
        self._sale = writer.table("sale", *_SALE, *facts)
        self._reference = writer.table(
            "order_reference",
            "id",
            "brand_id",
            "namespace",
            "reference",
            "order_id",
            "event_id",
            "created_at",
        )
        self._attribution = writer.table(
            "attribution", "id", "sale_id", "revision", "enrollment_id", "terms_id", "link_id", "click_id",
            "reason", "reason_code", "reason_parameters", "inputs", "candidates", "decided_at",
        )  # fmt: skip
        self._refund = writer.table(
            "refund", "id", "sale_id", "refund_id", "event_id", "occurred_at", "amount", "tax", "shipping",
            "payload_hash", "created_at",
        )  # fmt: skip
        self._dispute = writer.table(
            "dispute_status", "id", "sale_id", "dispute_id", "status", "event_id", "occurred_at", "amount",
            "payload_hash", "created_at",
        )  # fmt: skip

    def sell(self, serial: int, sold_at: datetime, *, late_click: bool, credited: bool = False) -> SoldOrder:
        """Book an order that the shop reports some seconds later.

        `late_click`: it came with a late click. `credited`: it came with some click; most others do, too.
        """
        chance = self._chance
        booked_at = sold_at + timedelta(seconds=chance.randint(1, 20))
        net = chance.randint(1_500, 12_000)
        tax, shipping = net * 19 // 100, chance.choice((0, 0, 490))
        started_at = sold_at - timedelta(minutes=35) if late_click else None
        customer = f"c{chance.randrange(serial + 1)}" if chance.random() < _KNOWN_CUSTOMER_SHARE else None
        report = SaleReport(
            order_id=f"B{self._options.seed}-{serial:07d}",
            occurred_at=sold_at,
            currency=CURRENCY,
            total=net + tax + shipping,
            tax=tax,
            shipping=shipping,
            customer=customer,
            items=(Item(sku=f"T{net % 90:02d}", quantity=1, net=net),),
            checkout_started_at=started_at,
        )
        sale_id = self._ids.new("sal", booked_at)
        facts = report.facts()
        event_id = self._report("sale.created", report.order_id, booked_at, facts)
        brand_id, namespace = self._people.brand_id, self._people.namespace
        row = (sale_id, brand_id, namespace, event_id, report.content_hash, booked_at, *facts.values())
        self._sale(row)
        if chance.random() < _NAMED_SHARE:
            reference = f"pi_{chance.getrandbits(96):024x}"
            own = (self._ids.new("orf", booked_at), brand_id, namespace, reference)
            self._reference((*own, report.order_id, event_id, booked_at))
        return self._attribute(sale_id, report, booked_at, late_click, credited or late_click)

    def _attribute(
        self, sale_id: str, report: SaleReport, booked_at: datetime, late_click: bool, credited: bool
    ) -> SoldOrder:
        number, inputs = self._evidence(report, late_click, credited)
        decision = replay_decision(dict(inputs))
        winner = decision.winner
        attribution_id = self._ids.new("atr", booked_at)
        credit = (
            (winner.enrollment_id, winner.terms_id, winner.link_id, winner.click_id)
            if winner
            else (None,) * 4
        )
        because = (decision.reason, decision.reason_code, decision.reason_parameters)
        self._attribution(
            (attribution_id, sale_id, 1, *credit, *because, inputs, decision.candidates, booked_at)
        )
        evidence = dict(zip(("reason", "reason_code", "reason_parameters"), because, strict=True))
        return SoldOrder(
            sale_id,
            attribution_id,
            report.order_id,
            number,
            report.occurred_at,
            booked_at,
            report.total,
            report.tax,
            report.shipping,
            evidence,
            inputs,
            winner.click_id if winner else None,
            report.checkout_started_at,
        )

    def _evidence(self, report: SaleReport, late_click: bool, credited: bool) -> tuple[int | None, Inputs]:
        """The number of the member whose click came with the order, if there is one, and what is stored."""
        chance, sold_at = self._chance, report.occurred_at
        is_credited = credited or chance.random() >= _UNCREDITED_SHARE
        number = _draw(chance, self._people.weights) if is_credited else None
        age_s = 240 if late_click else chance.randint(60, 86_400 * 10)
        clicked_at = sold_at - timedelta(seconds=age_s)
        brand_id, order_id = self._people.brand_id, report.order_id
        return number, Inputs(
            rules=RULES,
            sale=SaleFacts(brand_id=brand_id, order_id=order_id, occurred_at=iso_time(sold_at)),
            touches=[] if number is None else [self._touch(number, clicked_at)],
            coupons=[],
            binding=None,
            policy=_POLICY,
        )

    def _touch(self, number: int, clicked_at: datetime) -> Touch:
        member = self._people.members[number]
        click_id = self._ids.new("clk", clicked_at)
        return Touch(
            key=click_id,
            click_id=click_id,
            at=iso_time(clicked_at),
            flaw=None,
            earns=True,
            link_id=member.link_id,
            enrollment_id=member.enrollment_id,
            creator_id=member.creator_id,
            terms_id=self._people.terms_id,
            window_days=WINDOW_DAYS,
        )

    def refund(self, order: SoldOrder, at: datetime, amount: int) -> tuple[str, str]:
        """Report a refund, without its tax. Returns the ids of its row and of its event."""
        report = RefundReport(order.order_id, f"r-{order.order_id}", at, CURRENCY, amount)
        facts = {"order_id": report.order_id, "refund_id": report.refund_id, "amount": amount}
        event_id = self._report("refund.created", report.order_id, at, facts | {"occurred_at": at})
        refund_id = self._ids.new("ref", at)
        own = (refund_id, order.sale_id, report.refund_id, event_id, at, amount, None, None)
        self._refund((*own, report.content_hash, at))
        return refund_id, event_id

    def dispute(self, order: SoldOrder, at: datetime, status: str) -> tuple[str, str, str]:
        """Report a step of a dispute about the whole order. Returns ids: row, event, the dispute."""
        dispute_id = f"d-{order.order_id}"
        step = (order.order_id, dispute_id, at, CURRENCY, status, order.total)
        report = DisputeReport(*step)  # type: ignore[arg-type]
        facts = {
            "order_id": order.order_id,
            "dispute_id": dispute_id,
            "status": status,
            "amount": order.total,
        }
        event_id = self._report("dispute.updated", order.order_id, at, facts | {"occurred_at": at})
        status_id = self._ids.new("dsp", at)
        own = (status_id, order.sale_id, dispute_id, status, event_id, at, order.total)
        self._dispute((*own, report.content_hash, at))
        return status_id, event_id, dispute_id

    def park(self, serial: int, at: datetime) -> None:
        """A refund of an order that nobody reported: it waits, and holds nothing."""
        order_id = f"unknown-{serial}"
        facts = {"order_id": order_id, "refund_id": f"r-{serial}", "amount": 1_000, "occurred_at": at}
        self._report("refund.created", order_id, at, facts, state="parked")

    def _report(
        self, kind: str, order_id: str, at: datetime, facts: Mapping[str, Any], state: str = "applied"
    ) -> str:
        event_id = self._ids.new("evt", at)
        body = _body(kind, at, facts)
        external_id = f"msg_{event_id[4:]}"
        applied_at = at if state == "applied" else None
        stored = (body, hashlib.sha256(body).hexdigest(), kind, order_id, state, at, applied_at)
        self._event((event_id, self._people.source_id, external_id, *stored))
        return event_id


def release_date(options: FillOptions, order: SoldOrder) -> datetime:
    """As `payouts/commissions/release.py` has it, for the terms of the filler."""
    after_report = days_later(order.booked_at, min(options.hold_days, 7), ZONE)
    return max(days_later(order.sold_at, options.hold_days, ZONE), after_report)


def _draw(chance: random.Random, weights: list[float]) -> int:
    """The number of a member, by cumulative weights."""
    return min(bisect(weights, chance.random() * weights[-1]), len(weights) - 1)


def _columns_of_facts() -> tuple[str, ...]:
    """The columns of `sale` that a report fills, in its own order."""
    report = SaleReport("1", datetime.now(UTC), CURRENCY, 1, 0, 0)
    return tuple(report.facts())


def _body(kind: str, at: datetime, facts: Mapping[str, Any]) -> bytes:
    data = {
        name: format_utc(value) if isinstance(value, datetime) else value
        for name, value in facts.items()
        if value not in (None, False, 0) and name != "shopper"
    }
    return json.dumps({"type": kind, "timestamp": format_utc(at), "data": data}).encode()
