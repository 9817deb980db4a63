"""Attribution from tokens and codes to the stored decision, on real rows."""

import json
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import update

from config.database import Databases
from config.settings import Settings
from tests.cast.people import START
from tests.cast.shop import Shop, create_shop, sale
from tests.tracker.sales.attribution.former_decisions import store_as_rules_2
from tracker.clicks.token import make_token
from tracker.ids import new_uuid
from tracker.people.accounts.models import Brand
from tracker.programs.models import Coupon, Enrollment, Link, Program
from tracker.sales.attribution.models import Attribution
from tracker.sales.attribution.stored_decision import replay_decision


def test_the_creator_of_the_last_click_is_credited_by_the_terms_of_the_sale(shop: Shop) -> None:
    early, late = shop.token("anna", "2025-10-20T10:00:00+00:00"), shop.token("bob")
    shop.send("sale.created", sale(click=late, touches=[early, late]))

    [attribution] = shop.attributions()
    assert attribution.revision == 1
    assert attribution.enrollment_id == shop.enrollments["bob"]
    assert attribution.link_id == shop.links["bob"]
    assert (attribution.click_id or "").startswith("clk_")
    assert attribution.terms_id is not None
    assert attribution.reason == "The last eligible click decides, 2 days before the sale."
    assert [each["outcome"] for each in attribution.candidates] == ["lost", "won"]


def test_a_code_alone_credits_its_creator_and_is_case_insensitive(shop: Shop) -> None:
    shop.send("sale.created", sale(coupons=["SUMMER", "anna10"]))

    [attribution] = shop.attributions()
    assert attribution.enrollment_id == shop.enrollments["anna"]
    assert attribution.coupon_id is not None
    assert attribution.reason == "The code ANNA10 decides: no other creator is involved."


def test_the_brands_policy_decides_between_click_and_code(shop: Shop, databases: Databases) -> None:
    with databases.main.begin() as connection:
        connection.execute(update(Brand).values(coupon_policy="always"))
    shop.send("sale.created", sale(click=shop.token("bob"), coupons=["ANNA10"]))

    [attribution] = shop.attributions()
    assert attribution.enrollment_id == shop.enrollments["anna"]


def test_a_code_that_ended_before_the_sale_credits_no_creator(shop: Shop, databases: Databases) -> None:
    with databases.main.begin() as connection:
        connection.execute(update(Coupon).values(ended_at=START))
    shop.send("sale.created", sale(coupons=["ANNA10"]))

    [attribution] = shop.attributions()
    assert attribution.enrollment_id is None
    assert attribution.candidates[0]["reason"] == "The code had ended when the sale was made."


def test_a_code_created_after_the_sale_credits_no_creator(shop: Shop) -> None:
    shop.send("sale.created", sale(coupons=["ANNA10"], occurred_at="2025-09-30T10:00:00Z"))

    assert (
        shop.attributions()[0]
        .candidates[0]["reason"]
        .startswith("The code did not belong to its creator yet")
    )


@pytest.mark.parametrize("which", ["forged", "foreign", "other brand", "unknown link", "not earning"])
def test_an_ineligible_token_is_a_losing_candidate(
    shop: Shop, settings: Settings, databases: Databases, which: str
) -> None:
    other_shop = create_shop(settings, databases, "Bikes")
    click_id, link_id = new_uuid(START), new_uuid(START)
    bad, reason = {
        "forged": (shop.token("bob")[:-4] + "AAAA", "was not made here, or was altered"),
        "foreign": (
            make_token(["the key of another installation"], click_id, link_id, earns=True, confirmed=True),
            "was not made here, or was altered",
        ),
        "other brand": (other_shop.token("bob"), "led to another brand's link"),
        "unknown link": (
            make_token(shop.keys, click_id, link_id, earns=True, confirmed=True),
            "The link of the click does not exist",
        ),
        "not earning": (shop.token("bob", earns=False), "does not count as a person's"),
    }[which]
    received = shop.send("sale.created", sale(click=bad, touches=[shop.token("anna")]))

    assert received.state == "applied"
    [attribution] = shop.attributions()
    assert attribution.enrollment_id == shop.enrollments["anna"]
    [lost] = [each for each in attribution.candidates if each["outcome"] == "lost"]
    assert reason in lost["reason"]


def test_a_click_of_another_brand_does_not_reveal_its_link_or_enrollment(
    shop: Shop, settings: Settings, databases: Databases
) -> None:
    other_shop = create_shop(settings, databases, "Bikes")
    shop.send("sale.created", sale(click=other_shop.token("bob")))

    stored = stored_text(shop.attributions()[0])
    assert other_shop.links["bob"] not in stored
    assert other_shop.enrollments["bob"] not in stored


def test_no_token_is_stored_with_the_decision(shop: Shop) -> None:
    good, bad = shop.token("anna"), shop.token("bob")[:-4] + "AAAA"
    shop.send("sale.created", sale(click=good, touches=[bad]))

    stored = stored_text(shop.attributions()[0])
    assert good not in stored
    assert bad not in stored


def test_a_stored_decision_can_be_replayed(shop: Shop) -> None:
    shop.send(
        "sale.created", sale(click=shop.token("bob"), touches=[shop.token("anna")], coupons=["ANNA10", "X"])
    )

    [attribution] = shop.attributions()
    again = replay_decision(attribution.inputs)
    assert again.winner is not None
    assert again.winner.enrollment_id == attribution.enrollment_id == shop.enrollments["anna"]
    assert (again.reason, again.candidates) == (attribution.reason, attribution.candidates)


def test_new_evidence_adds_a_revision_and_keeps_the_old_one(shop: Shop) -> None:
    shop.send("sale.created", sale())
    again = shop.send("sale.created", sale(click=shop.token("bob")))

    first, second = shop.attributions()
    assert (first.revision, first.enrollment_id) == (1, None)
    assert (second.revision, second.enrollment_id) == (2, shop.enrollments["bob"])
    assert (again.reason or "").endswith("its new evidence made attribution 2")


def test_known_evidence_adds_no_revision(shop: Shop) -> None:
    token = shop.token("bob")
    shop.send("sale.created", sale(click=token, coupons=["ANNA10"]))
    shop.send("sale.created", sale(click=token))
    shop.send("sale.created", sale(touches=[token], coupons=["anna10"]))
    shop.send("sale.created", sale())

    assert len(shop.attributions()) == 1


def test_new_evidence_is_judged_by_the_policy_of_the_first_decision(shop: Shop, databases: Databases) -> None:
    shop.send("sale.created", sale(click=shop.token("bob")))
    with databases.main.begin() as connection:
        connection.execute(update(Brand).values(coupon_policy="always"))
    shop.send("sale.created", sale(coupons=["ANNA10"]))

    assert [each.enrollment_id for each in shop.attributions()] == [shop.enrollments["bob"]] * 2


def test_the_last_decision_does_not_depend_on_the_order_of_the_evidence(shop: Shop) -> None:
    anna, bob = shop.token("anna", "2025-10-20T10:00:00+00:00"), shop.token("bob")
    evidence: list[dict[str, Any]] = [
        {},
        {"click": bob},
        {"touches": [anna], "coupons": ["X", "ANNA10"]},
        {"coupons": ["ANNA10", "Y"]},
    ]
    last = []
    for number, order in enumerate(permutations(evidence)):
        for changes in order:
            shop.send("sale.created", sale(order_id=str(number), **changes))
        decision = shop.attributions(str(number))[-1]
        last.append((decision.enrollment_id, decision.reason, decision.candidates))

    assert last == [last[0]] * 24
    assert last[0][0] == shop.enrollments["anna"]


def test_a_new_decision_is_stored_with_its_reasons_as_codes(shop: Shop) -> None:
    shop.send("sale.created", sale(click=shop.token("bob"), touches=["forged"], coupons=["NOBODYS"]))

    [attribution] = shop.attributions()
    assert attribution.inputs["rules"] == 3
    assert (attribution.reason_code, attribution.reason_parameters) == (
        "click_decides",
        {"model": "last", "age_s": 2 * 24 * 3600},
    )
    assert [(each["reason_code"], each["reason_parameters"]) for each in attribution.candidates] == [
        ("token_unreadable", {}),
        ("credited_click", {"model": "last"}),
        ("coupon_without_owner", {}),
    ]
    [unreadable] = [each["flaw"] for each in attribution.inputs["touches"] if each["flaw"] is not None]
    assert unreadable == {"code": "token_unreadable", "parameters": {}}


def test_known_evidence_for_a_decision_of_rules_2_adds_no_revision(shop: Shop, databases: Databases) -> None:
    known = sale(click=shop.token("bob"), touches=["forged"], coupons=["NOBODYS"])
    shop.send("sale.created", known)
    store_as_rules_2(databases)
    shop.send("sale.created", known)

    [attribution] = shop.attributions()
    assert attribution.inputs["rules"] == 2


def test_new_evidence_for_a_decision_of_rules_2_carries_its_sentences_over(
    shop: Shop, databases: Databases
) -> None:
    shop.send("sale.created", sale(touches=["forged"], coupons=["NOBODYS"]))
    store_as_rules_2(databases)
    shop.send("sale.created", sale(click=shop.token("bob"), touches=["forged"]))

    former, new = shop.attributions()
    assert (former.inputs["rules"], new.inputs["rules"]) == (2, 3)
    assert (new.enrollment_id, new.reason_code) == (shop.enrollments["bob"], "click_decides")
    lost = [each for each in new.candidates if each["outcome"] == "lost"]
    assert [(each["reason_code"], each["reason_parameters"], each["reason"]) for each in lost] == [
        ("stored_words", {"words": words}, words)
        for words in ("The token was not made here, or was altered.", "No creator owns this code.")
    ]


@pytest.mark.parametrize("state", ["paused", "ended"])
def test_the_state_of_link_enrollment_and_program_counts_at_the_time_of_the_click(
    shop: Shop, databases: Databases, state: str
) -> None:
    """The token was issued while they were active; later changes of their state have no effect."""
    with databases.main.begin() as connection:
        for table in (Link, Enrollment, Program):
            connection.execute(update(table).values(state=state))
    shop.send("sale.created", sale(click=shop.token("anna")))

    assert shop.attributions()[0].enrollment_id == shop.enrollments["anna"]


def stored_text(attribution: Attribution) -> str:
    return json.dumps([attribution.inputs, attribution.candidates, attribution.reason])
