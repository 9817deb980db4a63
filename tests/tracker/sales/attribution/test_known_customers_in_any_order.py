"""The attributions are the same in any order, grouping and number of reports of a customer's sales."""

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
from tests.cast.shop import LATEST, SaleData, Shop, envelope, purchase, send_purchases, set_customer_policy
from tests.harness.processes.threads import run_concurrently
from tracker.sales.attribution.models import Attribution
from tracker.sales.attribution.stored_decision import replay_decision
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
    """A customer who buys without a creator, by Anna's link and by Bob's link, and renews in between."""
    return [
        purchase("10-15"),
        purchase("11-01", click=shop.click("anna", "10-30")),
        purchase("12-01"),
        purchase("12-15", click=shop.click("bob", "12-14")),
        purchase("01-01", coupons=["NOBODYS"]),
    ]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_every_order_of_arrival_gives_the_same_decisions(shop: Shop) -> None:
    set_customer_policy(shop, "months", 2)
    fingerprints = []
    for number, order in enumerate(permutations(customer_history(shop))):
        if number % 5:
            continue  # one in five of the 120 permutations
        deliveries = [{**each, "order_id": each["occurred_at"][5:10] + f"-{number}"} for each in order]
        deliveries = [{**each, "customer": f"C{number}"} for each in deliveries]
        send_purchases(shop, *deliveries)
        names = sorted((each["order_id"] for each in deliveries), key=lambda name: (name[0] == "0", name))
        fingerprints.append(
            str(fingerprint_of(shop, names)).replace(f"-{number}'", "'").replace(f"-{number} of", " of")
        )

    assert fingerprints == [fingerprints[0]] * 24
    assert [shop.credited_owner(name) for name in names] == [None, "anna", "anna", "bob", None]


OWNER = st.sampled_from(["anna", "bob", None, None])
SALES = st.lists(
    st.tuples(st.integers(1, 28), OWNER, st.sampled_from(["id", "email", "both"]), st.booleans()),
    min_size=2,
    max_size=6,
    unique_by=lambda each: each[0],
)


def test_batched_sales_of_a_customer_match_sequential_ones(shop: Shop, databases: Databases) -> None:
    """Renewals come before the first sale in one transaction, mixed with sales of another customer."""
    set_customer_policy(shop)
    send_purchases(shop, *customer_history(shop))
    several = [
        {**sold, "order_id": f"history{number}/{sold['order_id']}", "customer": f"together{number}"}
        for sold in reversed(customer_history(shop))
        for number in range(2)
    ]
    arrivals = [
        shop.arrival(envelope("sale.created", each), f"msg_{position}", now=LATEST)
        for position, each in enumerate(several)
    ]
    received = transact(databases.main, lambda s: receive_batch(s, shop.source_id, arrivals, shop.keys))

    assert {each.state for each in received.values()} == {"applied"}
    assert len(received) == 10
    names = [sold["order_id"] for sold in customer_history(shop)]
    for number in range(2):
        fingerprint = str(fingerprint_of(shop, [f"history{number}/{name}" for name in names]))
        assert fingerprint.replace(f"history{number}/", "") == str(fingerprint_of(shop, names))
        assert [len(shop.attributions(f"history{number}/{name}")) for name in names] == [1] * 5


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_random_sales_of_a_customer_are_attributed_equally_in_any_order(shop: Shop) -> None:
    check_any_order(shop, examples=12)


@pytest.mark.nightly
def test_hundreds_of_customers_are_attributed_equally_in_any_order(shop: Shop) -> None:
    check_any_order(shop, examples=300)


def check_any_order(shop: Shop, examples: int) -> None:
    """Evidence comes with the sale or in a second report; customers are identified by id, address or both."""
    set_customer_policy(shop)
    numbers = iter(range(1_000_000))

    def deliveries_of(number: int, each: tuple[int, str | None, str, bool]) -> list[SaleData]:
        day, owner, known_by, late = each
        customer = {
            "customer": f"C{number}" if known_by != "email" else None,
            "customer_email_hash": f"{number:064}" if known_by != "id" else None,
        }
        plain = purchase(f"11-{day:02}", f"history{number:06}/{day}", **customer)
        if owner is None:
            return [plain]
        evidence = {**plain, "click": shop.click(owner, "10-30")}
        return [plain, evidence] if late else [evidence]

    @settings(max_examples=examples, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(SALES, st.randoms(use_true_random=False))
    def check(sales: list[tuple[int, str | None, str, bool]], rng: Random) -> None:
        fingerprints = []
        for shuffled in (False, True):
            number = next(numbers)
            deliveries = [delivery for each in sorted(sales) for delivery in deliveries_of(number, each)]
            if shuffled:
                rng.shuffle(deliveries)
            send_purchases(shop, *deliveries)
            names = [f"history{number:06}/{each[0]}" for each in sorted(sales)]
            fingerprints.append(str(fingerprint_of(shop, names)).replace(f"history{number:06}", ""))
        assert fingerprints[0] == fingerprints[1]

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
            {**sold, "order_id": f"history{number}/{position}", "customer": f"C{number}"}
            for position, sold in enumerate(customer_history(shop))
        ]
        for number in range(4)
    ]
    send_purchases(shop, *orders[0])
    several = [sold for order in orders[1:] for sold in order]
    calls: list[Callable[[], None]] = [partial(send_purchases, shop, sold) for sold in [*several, several[1]]]
    assert len(calls) == 16
    run_concurrently(*calls)

    fingerprints = [
        str(fingerprint_of(shop, [sold["order_id"] for sold in order])).replace(f"history{number}", "")
        for number, order in enumerate(orders)
    ]
    assert fingerprints == [fingerprints[0]] * 4
    assert [shop.credited_owner(f"history3/{number}") for number in range(5)] == [
        None,
        "anna",
        "anna",
        "bob",
        "anna",
    ]
