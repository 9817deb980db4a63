"""Who is credited when a creator leaves, is removed for cause, or comes back."""

from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from config.database import transact
from tests.cast.people import PERSON, START
from tests.cast.shop import Shop, sale
from tracker.programs.leaving import readmit_creator, remove_creator
from tracker.programs.models import Enrollment
from tracker.programs.policies import change_policy
from tracker.sales.attribution.inputs import Touch

BEFORE = "2025-10-30T11:00:00Z"
TOUCH_FIELDS = set(Touch.__annotations__)


def readmit_anna(shop: Shop, at: str) -> None:
    def work(session: Session) -> None:
        enrollment = session.get_one(Enrollment, shop.enrollments["anna"])
        ids = {"brand_id": shop.brand_id, "creator_id": enrollment.creator_id}
        readmit_creator(session, datetime.fromisoformat(at), actor=PERSON, **ids)

    transact(shop.databases.main, work)


def remove_anna(shop: Shop, at: str, cause: str | None) -> None:
    def work(session: Session) -> None:
        enrollment = session.get_one(Enrollment, shop.enrollments["anna"])
        ids = {"brand_id": shop.brand_id, "creator_id": enrollment.creator_id}
        remove_creator(session, datetime.fromisoformat(at), actor=PERSON, **ids, cause=cause)

    transact(shop.databases.main, work)


@pytest.mark.parametrize(
    ("cause", "owner"),
    [(None, "anna"), ("bought through their own link", None)],
    ids=["left", "removed for cause"],
)
def test_earlier_clicks_keep_their_window_unless_their_creator_was_removed_for_cause(
    shop: Shop, cause: str | None, owner: str | None
) -> None:
    remove_anna(shop, "2025-10-31T00:00:00+00:00", cause)
    shop.send("sale.created", sale(order_id="before", click=shop.token("anna"), occurred_at=BEFORE))
    shop.send("sale.created", sale(click=shop.token("anna")))

    assert shop.attributions("before")[0].enrollment_id == shop.enrollments["anna"]
    [attribution] = shop.attributions()
    assert attribution.enrollment_id == (shop.enrollments[owner] if owner else None)
    removed = "Its creator had been removed for cause when the sale was made."
    assert (attribution.candidates[0]["reason"] == removed) is (owner is None)


@pytest.mark.parametrize("cause", [None, "bought through their own link"])
def test_a_creator_who_left_is_credited_by_neither_code_nor_binding(shop: Shop, cause: str | None) -> None:
    transact(
        shop.databases.main,
        lambda s: change_policy(s, START, actor=PERSON, brand_id=shop.brand_id, customers="lifetime"),
    )
    remove_anna(shop, "2025-10-31T00:00:00+00:00", cause)
    shop.send("sale.created", sale(order_id="before", coupons=["ANNA10"], occurred_at=BEFORE, customer="C"))
    shop.send("sale.created", sale(coupons=["ANNA10"], customer="C"))

    assert shop.attributions("before")[0].enrollment_id == shop.enrollments["anna"]
    [attribution] = shop.attributions()
    assert attribution.enrollment_id is None
    how = "left the program" if cause is None else "been removed for cause"
    assert [each["reason"] for each in attribution.candidates] == [
        "The code had ended when the sale was made.",
        f"Its creator had {how} when the sale was made.",
    ]


@pytest.mark.parametrize(
    ("cause", "clicked", "owner"),
    [
        (None, "10-27", "anna"),
        ("bought through their own link", "10-27", None),
        ("bought through their own link", "10-30", "anna"),
    ],
    ids=["left, click from before", "removed, click from before", "removed, click from after the way back"],
)
def test_clicks_from_before_a_removal_stay_without_effect_when_the_creator_is_back(
    shop: Shop, cause: str | None, clicked: str, owner: str | None
) -> None:
    remove_anna(shop, "2025-10-28T00:00:00+00:00", cause)
    readmit_anna(shop, "2025-10-29T00:00:00+00:00")
    shop.send("sale.created", sale(click=shop.click("anna", clicked)))

    [attribution] = shop.attributions()
    assert attribution.enrollment_id == (shop.enrollments[owner] if owner else None)
    assert set(attribution.inputs["touches"][0]) == TOUCH_FIELDS


@pytest.mark.parametrize("cause", [None, "bought through their own link"])
def test_a_creator_who_is_back_binds_customers_again_unless_they_were_removed(
    shop: Shop, cause: str | None
) -> None:
    transact(
        shop.databases.main,
        lambda s: change_policy(s, START, actor=PERSON, brand_id=shop.brand_id, customers="lifetime"),
    )
    shop.send("sale.created", sale(order_id="before", coupons=["ANNA10"], occurred_at=BEFORE, customer="C"))
    remove_anna(shop, "2025-10-31T00:00:00+00:00", cause)
    readmit_anna(shop, "2025-10-31T12:00:00+00:00")
    away = "2025-10-31T06:00:00Z"
    shop.send("sale.created", sale(order_id="away", occurred_at=away, customer="C"))
    shop.send("sale.created", sale(customer="C"))

    assert shop.credited_owner("before") == "anna"
    assert shop.credited_owner("away") is None
    assert shop.credited_owner("1001") == ("anna" if cause is None else None)


def test_a_second_removal_ends_the_clicks_from_after_the_first_one(shop: Shop) -> None:
    remove_anna(shop, "2025-10-27T00:00:00+00:00", "first")
    readmit_anna(shop, "2025-10-28T00:00:00+00:00")
    remove_anna(shop, "2025-10-31T00:00:00+00:00", "second")
    token = shop.click("anna", "10-29")
    shop.send("sale.created", sale(order_id="before", click=token, occurred_at=BEFORE))
    shop.send("sale.created", sale(click=token))

    assert shop.credited_owner("before") == "anna"
    assert shop.credited_owner("1001") is None
