"""Refunds at Lemon Squeezy, also where a message does not say how much was refunded, or is about the sale."""

from typing import Any

import pytest

from tests.tracker.sales.integrations.test_lemonsqueezy import only, reports
from tests.tracker.sales.payloads_read import lemon
from tracker.errors import Invalid
from tracker.sales.event_reasons import EventReason
from tracker.sales.integrations.lemonsqueezy.reasons import LemonReason
from tracker.sales.reports.normal import SaleReport
from tracker.sales.reports.provider_reports import NoEffect, RefundLevelReport

UNKNOWN_AMOUNTS = (None, 0)
REFUND_MESSAGES = ("order_refunded_in_part", "payment_initial_refunded", "payment_renewal_refunded")


@pytest.mark.parametrize("amount", UNKNOWN_AMOUNTS)
@pytest.mark.parametrize("status", ["paid", "partial_refund", "fraudulent"])
@pytest.mark.parametrize("name", REFUND_MESSAGES)
def test_a_refund_without_an_amount_is_one_of_the_total_when_marked_as_refunded(
    name: str, status: str, amount: int | None
) -> None:
    refunded = reports(lemon(name, status=status, refunded=True, refunded_amount=amount))[-1]

    assert isinstance(refunded, RefundLevelReport)
    assert refunded.amount == 10710


@pytest.mark.parametrize("amount", UNKNOWN_AMOUNTS)
@pytest.mark.parametrize("status", ["paid", "partial_refund", "fraudulent"])
@pytest.mark.parametrize("name", REFUND_MESSAGES)
def test_a_refund_without_an_amount_is_refused_when_it_may_be_one_in_part(
    name: str, status: str, amount: int | None
) -> None:
    with pytest.raises(Invalid, match=r"data\.attributes\.refunded_amount must be above 0") as refused:
        reports(lemon(name, status=status, refunded=False, refunded_amount=amount))
    assert refused.value.field == "data.attributes.refunded_amount"


def test_a_refund_of_something_that_cost_nothing_is_no_refund() -> None:
    free: dict[str, Any] = {"total": 0, "tax": 0, "discount_total": 0, "refunded_amount": 0}

    assert isinstance(only("order_refunded_in_part", **free), SaleReport)
    assert only("payment_initial_refunded", **free) == NoEffect.because(LemonReason.NO_REFUND)
    assert only("payment_renewal_refunded", **free) == NoEffect.because(EventReason.NOTHING_PAID)


@pytest.mark.parametrize("sold", ["order_created", "payment_renewal"])
@pytest.mark.parametrize(
    ("changes", "refunded"),
    [
        ({"status": "partial_refund", "refunded_amount": 2000}, 2000),
        ({"status": "refunded", "refunded_amount": 10710}, 10710),
        ({"refunded": True}, 10710),
    ],
)
def test_the_message_about_a_sale_reports_the_refund_that_it_contains(
    sold: str, changes: dict[str, Any], refunded: int
) -> None:
    found, refund = reports(lemon(sold, **changes))

    assert found == only(sold)
    assert isinstance(found, SaleReport)
    assert isinstance(refund, RefundLevelReport)
    assert (refund.order_id, refund.amount) == (found.order_id, refunded)
    with pytest.raises(Invalid, match="refunded_amount must be above 0"):
        reports(lemon(sold, status="partial_refund", refunded_amount=0))
