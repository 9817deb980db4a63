"""Sales of known customers: bound by the time of purchase, in any order of the reports."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import event, select, update

from config.database import Databases, read_session, transact
from tests.cast.people import PERSON
from tests.cast.shop import LATEST, Shop, purchase, sale, send_purchases, set_customer_policy
from tests.tracker.sales.attribution.former_decisions import store_as_rules_2
from tests.tracker.sales.payloads_read import event as stripe_event
from tests.tracker.sales.payloads_read import payload, raw
from tracker.programs.models import Enrollment, Terms
from tracker.programs.terms import change_terms
from tracker.sales.attribution.models import Attribution
from tracker.sales.orders.models import Sale


def test_a_renewal_is_credited_to_the_creator_who_brought_the_customer(shop: Shop) -> None:
    set_customer_policy(shop)
    send_purchases(
        shop, purchase("11-01", click=shop.click("anna", "10-30")), purchase("12-01"), purchase("01-01")
    )

    for order_id in ("12-01", "01-01"):
        [attribution] = shop.attributions(order_id)
        assert attribution.enrollment_id == shop.enrollments["anna"]
        assert attribution.link_id == shop.links["anna"]
        assert (attribution.click_id, attribution.coupon_id) == (None, None)
        assert "order 11-01 of 2025-11-01 bound the customer forever" in attribution.reason


def test_a_sale_credited_by_a_code_binds_the_customer_too(shop: Shop) -> None:
    set_customer_policy(shop)
    send_purchases(shop, purchase("11-01", coupons=["ANNA10"]), purchase("12-01"))

    assert shop.credited_owner("12-01") == "anna"


def test_a_click_of_another_creator_credits_one_sale_and_does_not_rebind_the_customer(shop: Shop) -> None:
    set_customer_policy(shop)
    send_purchases(shop, purchase("11-01", click=shop.click("anna", "10-30")))
    send_purchases(shop, purchase("12-01", click=shop.click("bob", "11-30")), purchase("01-01"))

    assert [shop.credited_owner(order_id) for order_id in ("11-01", "12-01", "01-01")] == [
        "anna",
        "bob",
        "anna",
    ]


def test_a_binding_for_months_ends_by_the_time_of_the_sale(shop: Shop) -> None:
    set_customer_policy(shop, "months", 2)
    send_purchases(
        shop, purchase("11-01", click=shop.click("anna", "10-30")), purchase("12-31"), purchase("01-01")
    )

    assert (shop.credited_owner("12-31"), shop.credited_owner("01-01")) == ("anna", None)


@pytest.mark.parametrize("policy", ["first_sale", "lifetime"])
def test_later_sales_are_bound_only_by_a_policy_of_the_brand(shop: Shop, policy: str) -> None:
    if policy == "lifetime":
        set_customer_policy(shop)
    send_purchases(shop, purchase("11-01", click=shop.click("anna", "10-30")), purchase("12-01"))

    assert shop.credited_owner("12-01") == ("anna" if policy == "lifetime" else None)


def test_customer_ids_are_separate_for_each_shop_and_addresses_are_shared(shop: Shop) -> None:
    set_customer_policy(shop)
    other = shop.connect("standard", shop.secret)
    send_purchases(
        shop,
        purchase("11-01", click=shop.click("anna", "10-30"), customer_email_hash="ab" * 32, customer="C1"),
    )

    def credited_at_other_shop(day: str, **changes: Any) -> str | None:
        shop.send("sale.created", purchase(day, **changes), source_id=other, now=LATEST)
        return shop.credited_owner(day)

    assert credited_at_other_shop("12-01") is None, "the same customer id in another shop is another customer"
    assert credited_at_other_shop("12-02", customer_email_hash="ab" * 32) == "anna"
    assert credited_at_other_shop("12-03", customer_email_hash="cd" * 32) is None


def test_a_sale_credited_by_a_binding_does_not_bind_later_sales(shop: Shop) -> None:
    """The third order shares nothing with the first, and only the first could bind it."""
    set_customer_policy(shop)
    address = {"customer_email_hash": "ab" * 32}
    send_purchases(shop, purchase("11-01", click=shop.click("anna", "10-30"), **address))
    send_purchases(shop, purchase("12-01", customer="C1", **address), purchase("01-01", customer="C1"))

    assert (shop.credited_owner("12-01"), shop.credited_owner("01-01")) == ("anna", None)


def test_test_orders_bind_only_test_orders(shop: Shop) -> None:
    set_customer_policy(shop)
    send_purchases(shop, purchase("11-01", click=shop.click("anna", "10-30"), test=True))
    send_purchases(shop, purchase("12-01"), purchase("12-02", test=True))

    assert (shop.credited_owner("12-01"), shop.credited_owner("12-02")) == (None, "anna")


def test_other_or_unnamed_customers_are_not_known(shop: Shop) -> None:
    set_customer_policy(shop)
    send_purchases(
        shop, purchase("11-01", click=shop.click("anna", "10-30")), purchase("12-01", customer="C2")
    )
    send_purchases(shop, sale(order_id="nameless", occurred_at="2025-12-02T12:00:00Z"))

    assert (shop.credited_owner("12-01"), shop.credited_owner("nameless")) == (None, None)


def test_a_first_sale_reported_late_reattributes_the_later_ones(shop: Shop) -> None:
    set_customer_policy(shop)
    send_purchases(
        shop, purchase("12-01"), purchase("12-15", click=shop.click("bob", "12-14")), purchase("01-01")
    )
    assert [shop.credited_owner(order_id) for order_id in ("12-01", "12-15", "01-01")] == [
        None,
        "bob",
        "bob",
    ]

    send_purchases(shop, purchase("11-01", click=shop.click("anna", "10-30")))

    assert [shop.credited_owner(order_id) for order_id in ("12-01", "12-15", "01-01")] == [
        "anna",
        "bob",
        "anna",
    ]
    assert [each.revision for each in shop.attributions("01-01")] == [1, 2]


def test_new_evidence_for_the_first_sale_reattributes_the_later_ones(shop: Shop) -> None:
    set_customer_policy(shop)
    send_purchases(shop, purchase("11-01"), purchase("12-01"))
    assert shop.credited_owner("12-01") is None

    send_purchases(shop, purchase("11-01", click=shop.click("anna", "10-20")))
    assert shop.credited_owner("12-01") == "anna"
    send_purchases(shop, purchase("11-01", click=shop.click("bob", "10-30")))
    assert shop.credited_owner("12-01") == "bob"


def test_a_sale_decided_by_rules_2_is_decided_again_only_when_its_binding_changes(
    shop: Shop, databases: Databases
) -> None:
    """Anna had left before the second order. Rules 2 stored that as a sentence; it is a code now."""
    set_customer_policy(shop)
    first = purchase("11-01", click=shop.click("anna", "10-20"))
    send_purchases(shop, first)
    left_at = datetime.fromisoformat("2025-11-15T00:00:00+00:00")
    leaving = update(Enrollment).where(Enrollment.id == shop.enrollments["anna"])
    transact(databases.main, lambda s: s.execute(leaving.values(state="ended", ended_at=left_at)))
    send_purchases(shop, purchase("12-01"))
    store_as_rules_2(databases)
    [later] = shop.attributions("12-01")
    assert later.inputs["binding"]["flaw"] == "Its creator had left the program when the sale was made."

    send_purchases(shop, {**first, "coupons": ["NOBODYS"]})
    assert [each.inputs["rules"] for each in shop.attributions("11-01")] == [2, 3]
    assert [each.inputs["rules"] for each in shop.attributions("12-01")] == [2]

    send_purchases(shop, {**first, "click": shop.click("bob", "10-30")})
    assert [each.inputs["rules"] for each in shop.attributions("12-01")] == [2, 3]
    assert shop.credited_owner("12-01") == "bob"


def test_a_binding_is_decided_by_the_terms_in_force_at_the_sale(shop: Shop, databases: Databases) -> None:
    set_customer_policy(shop)
    with read_session(databases.main) as session:
        program_id = session.scalars(select(Enrollment.program_id)).first()
    at = datetime.fromisoformat("2025-11-15T00:00:00+00:00")
    transact(
        databases.main, lambda s: change_terms(s, at, actor=PERSON, program_id=str(program_id), rate_bp=2000)
    )
    send_purchases(shop, purchase("11-01", click=shop.click("anna", "10-30")), purchase("12-01"))

    with read_session(databases.main) as session:
        versions = [
            session.get_one(Terms, shop.attributions(order_id)[0].terms_id).version
            for order_id in ("11-01", "12-01")
        ]
    assert versions == [1, 2]


def test_the_policy_in_force_at_the_time_of_the_sale_counts(shop: Shop) -> None:
    set_customer_policy(shop, when=datetime.fromisoformat("2025-12-10T00:00:00+00:00"))
    send_purchases(
        shop, purchase("12-11"), purchase("11-01", click=shop.click("anna", "10-30")), purchase("12-09")
    )

    assert (shop.credited_owner("12-09"), shop.credited_owner("12-11")) == (None, "anna")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_sale_runs_no_customer_queries_without_bindings(shop: Shop, databases: Databases) -> None:
    statements: list[str] = []
    event.listen(
        databases.main, "before_cursor_execute", lambda _c, _k, statement, *_: statements.append(statement)
    )

    def queries(**changes: Any) -> int:
        statements.clear()
        send_purchases(shop, purchase("11-01", click=shop.click("anna", "10-30"), **changes))
        return len(statements)

    send_purchases(shop, purchase("10-15"))
    unidentified = queries(order_id="1", customer=None)
    assert queries(order_id="2") == unidentified
    set_customer_policy(shop)
    assert queries(order_id="3", customer=None) == unidentified
    assert queries(order_id="4", customer="C2") <= unidentified + 3


def test_subscription_renewals_are_credited_to_the_creator_who_brought_the_subscriber(
    shop: Shop, databases: Databases
) -> None:
    set_customer_policy(shop)
    source_id = shop.connect("stripe", "whsec_ExampleOfThisYear000000000000")
    events = [
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
    for order in (events, events[::-1]):
        for each in order:
            shop.send_raw(
                raw(each),
                key=each["id"],
                source_id=source_id,
                now=LATEST,
            )
        source_id = shop.connect("stripe", "whsec_ExampleOfThisYear000000000000")
    with read_session(databases.main) as session:
        sales = session.scalars(select(Sale)).all()
        newest = {
            each.sale_id: each.enrollment_id
            for each in session.scalars(select(Attribution).order_by(Attribution.revision))
        }
    assert len(sales) == 6
    assert set(newest.values()) == {shop.enrollments["anna"]}
