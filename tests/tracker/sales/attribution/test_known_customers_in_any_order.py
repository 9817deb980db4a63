"""The end is the same in whichever order, number and company the sales of a customer are reported."""

from collections.abc import Callable, Iterable
from functools import partial
from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from config.database import Databases, read_session, transact
from tests.harness.processes.threads import run_concurrently
from tests.tracker.sales.customers import (
    LATEST,
    SaleData,
    click,
    credited_owner,
    purchase,
    send,
    set_customer_policy,
)
from tests.tracker.sales.shop import Shop, envelope
from tracker.sales.attribution.models import Attribution
from tracker.sales.attribution.rules import replay_decision
from tracker.sales.inbox.batch import receive_batch


def fingerprint_of(shop: Shop, order_ids: Iterable[str]) -> list[Any]:
    """The newest decision about each order: who is credited, why, and who lost."""
    newest = [shop.attributions(order_id)[-1] for order_id in order_ids]
    return [
        (
            each.inputs["sale"]["occurred_at"],
            each.enrollment_id,
            each.link_id,
            each.reason,
            [(one["kind"], one["outcome"], one["reason"]) for one in each.candidates],
            each.inputs["binding"],
        )
        for each in newest
    ]


def customer_history(shop: Shop) -> list[SaleData]:
    """A customer who buys without a creator, by Anna's link, by Bob's code, and renews in between."""
    return [
        purchase("10-15"),
        purchase("11-01", click=click(shop, "anna", "10-30")),
        purchase("12-01"),
        purchase("12-15", click=click(shop, "bob", "12-14")),
        purchase("01-01", coupons=["NOBODYS"]),
    ]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_every_order_of_arrival_ends_in_the_same_decisions(shop: Shop) -> None:
    set_customer_policy(shop, "months", 2)
    ends = []
    for number, order in enumerate(permutations(customer_history(shop))):
        if number % 5:
            continue  # one in five of a hundred and twenty
        told = [{**each, "order_id": each["occurred_at"][5:10] + f"-{number}"} for each in order]
        told = [{**each, "customer": f"C{number}"} for each in told]
        send(shop, *told)
        names = sorted((each["order_id"] for each in told), key=lambda name: (name[0] == "0", name))
        ends.append(
            str(fingerprint_of(shop, names)).replace(f"-{number}'", "'").replace(f"-{number} of", " of")
        )

    assert ends == [ends[0]] * 24
    assert [credited_owner(shop, name) for name in names] == [None, "anna", "anna", "bob", None]


OWNER = st.sampled_from(["anna", "bob", None, None])
SALES = st.lists(
    st.tuples(st.integers(1, 28), OWNER, st.sampled_from(["id", "email", "both"]), st.booleans()),
    min_size=2,
    max_size=6,
    unique_by=lambda each: each[0],
)


def test_batched_sales_of_a_customer_match_sequential_ones(shop: Shop, databases: Databases) -> None:
    """The renewal may come before the first sale in the same transaction, and another customer between."""
    set_customer_policy(shop)
    send(shop, *customer_history(shop))
    several = [
        {**sold, "order_id": f"life{number}/{sold['order_id']}", "customer": f"together{number}"}
        for sold in reversed(customer_history(shop))
        for number in range(2)
    ]
    arrivals = [
        shop.arrival(envelope("sale.created", each), f"msg_{place}", now=LATEST)
        for place, each in enumerate(several)
    ]
    received = transact(databases.main, lambda s: receive_batch(s, shop.source_id, arrivals, shop.keys))

    assert {each.state for each in received.values()} == {"applied"}
    assert len(received) == 10
    names = [sold["order_id"] for sold in customer_history(shop)]
    for number in range(2):
        end = str(fingerprint_of(shop, [f"life{number}/{name}" for name in names]))
        assert end.replace(f"life{number}/", "") == str(fingerprint_of(shop, names))
        assert [len(shop.attributions(f"life{number}/{name}")) for name in names] == [1] * 5


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_sales_of_a_customer_are_attributed_equally_in_any_order(shop: Shop) -> None:
    check_any_order(shop, examples=12)


@pytest.mark.nightly
def test_hundreds_of_customers_are_attributed_equally_in_any_order(shop: Shop) -> None:
    check_any_order(shop, examples=300)


def check_any_order(shop: Shop, examples: int) -> None:
    """With evidence that comes at once or in a second report, known by number, by address or by both."""
    set_customer_policy(shop)
    numbers = iter(range(1_000_000))

    def told(number: int, each: tuple[int, str | None, str, bool]) -> list[SaleData]:
        day, owner, known_by, late = each
        marks = {
            "customer": f"C{number}" if known_by != "email" else None,
            "customer_email_hash": f"{number:064}" if known_by != "id" else None,
        }
        plain = purchase(f"11-{day:02}", f"life{number:06}/{day}", **marks)
        if owner is None:
            return [plain]
        evidence = {**plain, "click": click(shop, owner, "10-30")}
        return [plain, evidence] if late else [evidence]

    @settings(max_examples=examples, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(SALES, st.randoms(use_true_random=False))
    def check(sales: list[tuple[int, str | None, str, bool]], rng: Random) -> None:
        ends = []
        for shuffled in (False, True):
            number = next(numbers)
            deliveries = [delivery for each in sorted(sales) for delivery in told(number, each)]
            if shuffled:
                rng.shuffle(deliveries)
            send(shop, *deliveries)
            names = [f"life{number:06}/{each[0]}" for each in sorted(sales)]
            ends.append(str(fingerprint_of(shop, names)).replace(f"life{number:06}", ""))
        assert ends[0] == ends[1]

    check()
    assert_replays_match(shop.databases)


def assert_replays_match(databases: Databases) -> None:
    with read_session(databases.main) as session:
        for each in session.scalars(select(Attribution)):
            again = replay_decision(each.inputs)
            assert (again.reason, again.candidates) == (each.reason, each.candidates)


def test_concurrent_sales_of_a_customer_match_sequential_ones(shop: Shop) -> None:
    set_customer_policy(shop)
    orders = [
        [
            {**sold, "order_id": f"life{number}/{place}", "customer": f"C{number}"}
            for place, sold in enumerate(customer_history(shop))
        ]
        for number in range(4)
    ]
    send(shop, *orders[0])
    several = [sold for order in orders[1:] for sold in order]
    works: list[Callable[[], None]] = [partial(send, shop, sold) for sold in [*several, several[1]]]
    assert len(works) == 16
    run_concurrently(*works)

    ends = [
        str(fingerprint_of(shop, [sold["order_id"] for sold in order])).replace(f"life{number}", "")
        for number, order in enumerate(orders)
    ]
    assert ends == [ends[0]] * 4
    assert [credited_owner(shop, f"life3/{number}") for number in range(5)] == [
        None,
        "anna",
        "anna",
        "bob",
        "anna",
    ]
