"""Sales of customers whom the brand knows: bound by when they bought, whatever was reported first."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from config.database import Databases, reading, transact
from tests.crowd import at_once
from tests.tracker.sales.payloads_read import event as stripe_event
from tests.tracker.sales.payloads_read import payload, raw
from tests.tracker.sales.shop import START, Shop, sale
from tracker.programs.models import Enrollment, Terms
from tracker.programs.operations import change_terms
from tracker.programs.policies import change_policy
from tracker.sales.attribution import replay_decision
from tracker.sales.models import Attribution, Sale

MUCH_LATER = datetime.fromisoformat("2026-09-30T10:00:00+00:00")
Delivery = dict[str, Any]


def bind(shop: Shop, customers: str = "lifetime", months: int | None = None, when: datetime = START) -> None:
    transact(
        shop.databases.main,
        lambda s: change_policy(s, when, brand_id=shop.brand_id, customers=customers, months=months),
    )


def bought(day: str, order_id: str = "", **changes: Any) -> Delivery:
    """A sale at noon of a day such as 11-01, whose order is named after it."""
    year = "2025" if int(day[:2]) > 9 else "2026"
    whose = {} if "customer_email_hash" in changes else {"customer": "C1"}
    at = f"{year}-{day}T12:00:00Z"
    return sale(**{"order_id": order_id or day, "occurred_at": at, **whose, **changes})


def send(shop: Shop, *sales: Delivery) -> None:
    for each in sales:
        received = shop.send("sale.created", each, now=MUCH_LATER)
        assert received.state == "applied", received.reason


def credited(shop: Shop, order_id: str) -> str | None:
    """The owner whom the newest decision credits."""
    enrollment_id = shop.attributions(order_id)[-1].enrollment_id
    return next((owner for owner, each in shop.enrollments.items() if each == enrollment_id), None)


def click(shop: Shop, owner: str, day: str) -> str:
    return shop.token(owner, f"2025-{day}T10:00:00+00:00")


def test_a_renewal_is_credited_to_who_brought_the_customer(shop: Shop) -> None:
    bind(shop)
    send(shop, bought("11-01", click=click(shop, "anna", "10-30")), bought("12-01"), bought("01-01"))

    for order_id in ("12-01", "01-01"):
        [attribution] = shop.attributions(order_id)
        assert attribution.enrollment_id == shop.enrollments["anna"]
        assert attribution.link_id == shop.links["anna"]
        assert (attribution.click_id, attribution.coupon_id) == (None, None)
        assert "order 11-01 of 2025-11-01 bound him for ever" in attribution.reason


def test_a_customer_whom_a_code_brought_is_bound_too(shop: Shop) -> None:
    bind(shop)
    send(shop, bought("11-01", coupons=["ANNA10"]), bought("12-01"))

    assert credited(shop, "12-01") == "anna"


def test_a_click_of_another_creator_credits_one_sale_and_binds_nobody_anew(shop: Shop) -> None:
    bind(shop)
    send(shop, bought("11-01", click=click(shop, "anna", "10-30")))
    send(shop, bought("12-01", click=click(shop, "bob", "11-30")), bought("01-01"))

    assert [credited(shop, order_id) for order_id in ("11-01", "12-01", "01-01")] == ["anna", "bob", "anna"]


def test_months_end_by_the_time_of_the_sale(shop: Shop) -> None:
    bind(shop, "months", 2)
    send(shop, bought("11-01", click=click(shop, "anna", "10-30")), bought("12-31"), bought("01-01"))

    assert (credited(shop, "12-31"), credited(shop, "01-01")) == ("anna", None)


@pytest.mark.parametrize("policy", ["first_sale", "lifetime"])
def test_beyond_the_first_sale_nothing_is_bound_unless_the_brand_says_so(shop: Shop, policy: str) -> None:
    if policy == "lifetime":
        bind(shop)
    send(shop, bought("11-01", click=click(shop, "anna", "10-30")), bought("12-01"))

    assert credited(shop, "12-01") == ("anna" if policy == "lifetime" else None)


def test_customers_are_told_apart_by_shop_and_recognised_by_their_address(shop: Shop) -> None:
    bind(shop)
    other = shop.connect("standard", shop.secret)
    send(
        shop,
        bought("11-01", click=click(shop, "anna", "10-30"), customer_email_hash="ab" * 32, customer="C1"),
    )

    def elsewhere(day: str, **changes: Any) -> str | None:
        shop.send("sale.created", bought(day, **changes), source_id=other, now=MUCH_LATER)
        return credited(shop, day)

    assert elsewhere("12-01") is None, "the same number in another shop is another customer"
    assert elsewhere("12-02", customer_email_hash="ab" * 32) == "anna"
    assert elsewhere("12-03", customer_email_hash="cd" * 32) is None


def test_orders_that_were_only_tried_out_know_each_other_and_nobody_else(shop: Shop) -> None:
    bind(shop)
    send(shop, bought("11-01", click=click(shop, "anna", "10-30"), test=True))
    send(shop, bought("12-01"), bought("12-02", test=True))

    assert (credited(shop, "12-01"), credited(shop, "12-02")) == (None, "anna")


def test_another_brands_customer_of_the_same_name_is_not_known(shop: Shop) -> None:
    bind(shop)
    send(shop, bought("11-01", click=click(shop, "anna", "10-30")), bought("12-01", customer="C2"))
    send(shop, sale(order_id="nameless", occurred_at="2025-12-02T12:00:00Z"))

    assert (credited(shop, "12-01"), credited(shop, "nameless")) == (None, None)


def test_a_first_sale_that_is_reported_late_decides_the_later_ones_anew(shop: Shop) -> None:
    bind(shop)
    send(shop, bought("12-01"), bought("12-15", click=click(shop, "bob", "12-14")), bought("01-01"))
    assert [credited(shop, order_id) for order_id in ("12-01", "12-15", "01-01")] == [None, "bob", "bob"]

    send(shop, bought("11-01", click=click(shop, "anna", "10-30")))

    assert [credited(shop, order_id) for order_id in ("12-01", "12-15", "01-01")] == ["anna", "bob", "anna"]
    assert [each.revision for each in shop.attributions("01-01")] == [1, 2]


def test_evidence_for_the_first_sale_decides_the_later_ones_anew(shop: Shop) -> None:
    bind(shop)
    send(shop, bought("11-01"), bought("12-01"))
    assert credited(shop, "12-01") is None

    send(shop, bought("11-01", click=click(shop, "anna", "10-20")))
    assert credited(shop, "12-01") == "anna"
    send(shop, bought("11-01", click=click(shop, "bob", "10-30")))
    assert credited(shop, "12-01") == "bob"


def test_a_binding_is_decided_by_the_terms_in_force_at_the_sale(shop: Shop, databases: Databases) -> None:
    bind(shop)
    with reading(databases.main) as session:
        program_id = session.scalars(select(Enrollment.program_id)).first()
    at = datetime.fromisoformat("2025-11-15T00:00:00+00:00")
    transact(databases.main, lambda s: change_terms(s, at, program_id=str(program_id), rate_bp=2000))
    send(shop, bought("11-01", click=click(shop, "anna", "10-30")), bought("12-01"))

    with reading(databases.main) as session:
        versions = [
            session.get_one(Terms, shop.attributions(order_id)[0].terms_id).version
            for order_id in ("11-01", "12-01")
        ]
    assert versions == [1, 2]


def test_the_policy_in_force_at_the_sale_counts_whenever_it_is_reported(shop: Shop) -> None:
    bind(shop, when=datetime.fromisoformat("2025-12-10T00:00:00+00:00"))
    send(shop, bought("12-11"), bought("11-01", click=click(shop, "anna", "10-30")), bought("12-09"))

    assert (credited(shop, "12-09"), credited(shop, "12-11")) == (None, "anna")


def end_of(shop: Shop, order_ids: Iterable[str]) -> list[Any]:
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


def one_life(shop: Shop) -> list[Delivery]:
    """A customer who buys without a creator, by Anna's link, by Bob's code, and renews in between."""
    return [
        bought("10-15"),
        bought("11-01", click=click(shop, "anna", "10-30")),
        bought("12-01"),
        bought("12-15", click=click(shop, "bob", "12-14")),
        bought("01-01", coupons=["NOBODYS"]),
    ]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_every_order_of_arrival_ends_in_the_same_decisions(shop: Shop) -> None:
    bind(shop, "months", 2)
    ends = []
    for number, order in enumerate(permutations(one_life(shop))):
        if number % 5:
            continue  # one in five of a hundred and twenty
        told = [{**each, "order_id": each["occurred_at"][5:10] + f"-{number}"} for each in order]
        told = [{**each, "customer": f"C{number}"} for each in told]
        send(shop, *told)
        names = sorted((each["order_id"] for each in told), key=lambda name: (name[0] == "0", name))
        ends.append(str(end_of(shop, names)).replace(f"-{number}'", "'").replace(f"-{number} of", " of"))

    assert ends == [ends[0]] * 24
    assert [credited(shop, name) for name in names] == [None, "anna", "anna", "bob", None]


OWNER = st.sampled_from(["anna", "bob", None, None])
SALES = st.lists(
    st.tuples(st.integers(1, 28), OWNER, st.sampled_from(["id", "email", "both"]), st.booleans()),
    min_size=2,
    max_size=6,
    unique_by=lambda each: each[0],
)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_any_sales_of_a_customer_end_the_same_in_any_order(shop: Shop) -> None:
    """With evidence that comes at once or in a second report, known by number, by address or by both."""
    bind(shop)
    numbers = iter(range(1_000_000))

    def told(number: int, each: tuple[int, str | None, str, bool]) -> list[Delivery]:
        day, owner, known_by, late = each
        marks = {
            "customer": f"C{number}" if known_by != "email" else None,
            "customer_email_hash": f"{number:064}" if known_by != "id" else None,
        }
        plain = bought(f"11-{day:02}", f"life{number:06}/{day}", **marks)
        if owner is None:
            return [plain]
        evidence = {**plain, "click": click(shop, owner, "10-30")}
        return [plain, evidence] if late else [evidence]

    @settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(SALES, st.randoms(use_true_random=False))
    def check(sales: list[tuple[int, str | None, str, bool]], chance: Random) -> None:
        ends = []
        for shuffled in (False, True):
            number = next(numbers)
            deliveries = [delivery for each in sorted(sales) for delivery in told(number, each)]
            if shuffled:
                chance.shuffle(deliveries)
            send(shop, *deliveries)
            names = [f"life{number:06}/{each[0]}" for each in sorted(sales)]
            ends.append(str(end_of(shop, names)).replace(f"life{number:06}", ""))
        assert ends[0] == ends[1]

    check()
    replays_hold(shop.databases)


def replays_hold(databases: Databases) -> None:
    with reading(databases.main) as session:
        for each in session.scalars(select(Attribution)):
            again = replay_decision(each.inputs)
            assert (again.reason, again.candidates) == (each.reason, each.candidates)


def test_all_sales_of_a_customer_at_once_end_as_one_after_the_other(shop: Shop) -> None:
    bind(shop)
    orders = [
        [
            {**sold, "order_id": f"life{number}/{place}", "customer": f"C{number}"}
            for place, sold in enumerate(one_life(shop))
        ]
        for number in range(4)
    ]
    send(shop, *orders[0])
    several = [sold for order in orders[1:] for sold in order]
    works: list[Callable[[], None]] = [partial(send, shop, sold) for sold in [*several, several[1]]]
    assert len(works) == 16
    at_once(*works)

    ends = [
        str(end_of(shop, [sold["order_id"] for sold in order])).replace(f"life{number}", "")
        for number, order in enumerate(orders)
    ]
    assert ends == [ends[0]] * 4
    assert [credited(shop, f"life3/{number}") for number in range(5)] == [None, "anna", "anna", "bob", "anna"]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_sale_asks_nothing_about_customers_where_nobody_is_bound(shop: Shop, databases: Databases) -> None:
    asked: list[str] = []
    event.listen(databases.main, "before_cursor_execute", lambda _c, _k, said, *_: asked.append(said))

    def queries(**changes: Any) -> int:
        asked.clear()
        send(shop, bought("11-01", click=click(shop, "anna", "10-30"), **changes))
        return len(asked)

    send(shop, bought("10-15"))
    of_nobody = queries(order_id="1", customer=None)
    assert queries(order_id="2") == of_nobody
    bind(shop)
    assert queries(order_id="3", customer=None) == of_nobody
    assert queries(order_id="4", customer="C2") <= of_nobody + 2


def test_a_subscriptions_renewals_are_credited_to_who_brought_the_subscriber(
    shop: Shop, databases: Databases
) -> None:
    bind(shop)
    source_id = shop.connect("stripe", "whsec_ExampleOfThisYear000000000000")
    story = [
        stripe_event("stripe_session_subscription", client_reference_id=shop.token("anna")),
        payload("stripe_invoice_first_basil"),
        *(
            stripe_event(
                "stripe_invoice_first_basil",
                key=f"evt_{number}",
                id=f"in_renewal_{number}",
                billing_reason="subscription_cycle",
                status_transitions={"paid_at": 1764583200 + number * 2_600_000},
            )
            for number in range(2)
        ),
    ]
    for order in (story, story[::-1]):
        for each in order:
            shop.send_raw(
                raw(each),
                key=each["id"],
                source_id=source_id,
                now=MUCH_LATER,
            )
        source_id = shop.connect("stripe", "whsec_ExampleOfThisYear000000000000")
    with reading(databases.main) as session:
        sales = session.scalars(select(Sale)).all()
        newest = {
            each.sale_id: each.enrollment_id
            for each in session.scalars(select(Attribution).order_by(Attribution.revision))
        }
    assert len(sales) == 6
    assert set(newest.values()) == {shop.enrollments["anna"]}
