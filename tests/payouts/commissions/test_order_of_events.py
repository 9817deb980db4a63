"""Events of a sale may come in any order, also before the sale: the result is the same (docs/money.md 3)."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import read_session
from payouts.commissions.entries import current_amount_minor, entries_of
from payouts.commissions.models import Commission
from payouts.ledger.balances import subject_balances
from tests.cast.books import Books, at
from tracker.sales.inbox.apply_or_park import ReceiveResult, receive
from tracker.sales.orders.models import Sale
from tracker.sales.sources.operations import get_source

SOLD = "10-01"
AMOUNTS = {"total": 11901, "tax": 1900, "shipping": 501, "discount": 0}  # net 9500, 10 % of it are 950

Event = tuple[str, dict[str, Any]]
SALE: Event = ("sale.created", {"occurred_at": SOLD} | AMOUNTS)
STATED: Event = (
    "refund.created",
    {"refund_id": "r1", "occurred_at": "10-05", "amount": 2380, "tax": 380, "shipping": 0},
)
UNSTATED: Event = ("refund.created", {"refund_id": "r2", "occurred_at": "10-04", "amount": 3333})
THE_REST: Event = ("refund.created", {"refund_id": "r3", "occurred_at": "10-06", "amount": 6188})
CANCELLED: Event = ("order.cancelled", {"occurred_at": "10-07"})


def dispute(status: str, occurred_at: str) -> Event:
    return "dispute.updated", {
        "dispute_id": "d1",
        "status": status,
        "amount": 4000,
        "occurred_at": occurred_at,
    }


OPENED, LOST, WON = dispute("opened", "10-08"), dispute("lost", "10-10"), dispute("won", "10-12")

# What remains: base = net less what the refunds took of it; 10 % of that, half up.
SCENARIOS: dict[str, tuple[Sequence[Event], int]] = {
    "refunds": ((SALE, STATED, UNSTATED), 487),  # 9500 - 2000 - 3333 x 7500 / 9521 = 4874
    "refunds and a lost dispute": ((SALE, STATED, UNSTATED, LOST), 172),  # 7333 in place of 3333: 1724
    "a refund and a won dispute": ((SALE, STATED, OPENED, WON), 750),
    "a dispute lost, then won": ((SALE, OPENED, LOST, WON), 950),
    "a cancellation between refunds": ((SALE, STATED, UNSTATED, CANCELLED), 0),
    "everything back, in three pieces": ((SALE, STATED, UNSTATED, THE_REST), 0),
}
DAYS = {
    "before the release": ("10-13", "10-14", "10-15", "10-16", "10-17", "10-18"),
    "around the release": ("10-13", "10-30", "11-02", "11-03", "11-04", "11-05"),
    "after the release": ("11-02", "11-03", "11-04", "11-05", "11-06", "11-07"),
}


def permuted_orders(
    scenarios: dict[str, tuple[Sequence[Event], int]],
) -> Iterator[tuple[str, str, Sequence[Event]]]:
    """An order id for each permutation of each scenario."""
    for name, (events, _left) in scenarios.items():
        for number, order in enumerate(permutations(events)):
            yield f"{name}, {number}", name, order


def deliver(books: Books, order_id: str, event: Event, now: str) -> None:
    """Receive the message twice, as shops may send it."""

    token = books.click(books.link_id, SOLD)

    def work(session: Session) -> None:
        for _ in range(2):
            _receive(session, books, order_id, event, now, token)

    books.write(work)


def _receive(
    session: Session, books: Books, order_id: str, event: Event, now: str, token: str = ""
) -> ReceiveResult:
    kind, data = event
    fields = {"order_id": order_id, "currency": "EUR"} | data
    fields["occurred_at"] = at(fields["occurred_at"]).isoformat()
    if kind == "sale.created":
        fields["click"] = token or books.click(books.link_id, SOLD)
    body = json.dumps({"type": kind, "timestamp": at(now).isoformat(), "data": fields}).encode()
    key = f"{order_id} {kind} {fields.get('refund_id', fields.get('status'))}"
    source = get_source(session, books.source_id)
    return receive(session, at(now), source, key, body, keys=books.settings.secret_keys)


def final_states(books: Books) -> dict[str, set[tuple[int, int, int]]]:
    """By scenario: amount, held and payable part of the commission, for every order of events."""
    found = defaultdict(set)
    with read_session(books.databases.main) as session:
        rows = session.execute(select(Commission, Sale.order_id).join(Sale, Sale.id == Commission.sale_id))
        for commission, order_id in rows.all():
            amount = current_amount_minor(entries_of(session, commission.id))
            held = subject_balances(session, [commission.id], "pending")[commission.id]
            payable = subject_balances(session, [commission.id], "payable")[commission.id]
            found[order_id.rpartition(",")[0]].add((amount, held, payable))
    return found


def run_scenarios(
    books: Books, scenarios: dict[str, tuple[Sequence[Event], int]], days: Sequence[str]
) -> None:
    orders = list(permuted_orders(scenarios))
    for position, day in enumerate(days):

        def a_day(session: Session, position: int = position, day: str = day) -> None:
            for order_id, _name, events in orders:
                if position < len(events):
                    _receive(session, books, order_id, events[position], day)

        books.write(a_day)
        books.run_jobs(at(day))
    books.run_jobs(at("11-20"))
    assert final_states(books) == {name: {(left, 0, left)} for name, (_events, left) in scenarios.items()}
    assert books.faults() == []


ON_POSTGRESQL_TOO = ("refunds", "a dispute lost, then won")
"""The others run nightly: the computation is the same there, only the database differs."""


def _cases() -> Iterator[Any]:
    for name in SCENARIOS:
        yield pytest.param("sqlite", name)
        marks = [pytest.mark.postgresql, *([] if name in ON_POSTGRESQL_TOO else [pytest.mark.nightly])]
        yield pytest.param("postgresql", name, marks=marks)


@pytest.mark.parametrize(("database_kind", "name"), list(_cases()), indirect=["database_kind"])
def test_event_order_does_not_change_the_result(books: Books, name: str) -> None:
    run_scenarios(books, {name: SCENARIOS[name]}, DAYS["around the release"])


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("days", DAYS)
@pytest.mark.parametrize(
    ("events", "left"),
    [
        ((SALE, STATED, UNSTATED, OPENED, LOST), 172),
        ((SALE, STATED, UNSTATED, LOST, WON), 487),
        ((SALE, STATED, UNSTATED, OPENED, LOST, CANCELLED), 0),
    ],
)
def test_event_order_of_a_long_scenario_does_not_change_the_result(
    books: Books, events: Sequence[Event], left: int, days: str
) -> None:
    run_scenarios(books, {"long": (events, left)}, DAYS[days])
