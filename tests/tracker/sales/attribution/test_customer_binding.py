"""How long a known customer is bound, and that clicks and codes take precedence; one test for each rule."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.tracker.sales.attribution.test_rules import (
    DAY,
    SOLD,
    click,
    code,
    decided,
    make_binding,
    winner_of,
)
from tracker.sales.attribution.customer_binding import months_after
from tracker.sales.attribution.evidence import iso_time
from tracker.sales.attribution.inputs import CouponUse, Touch
from tracker.sales.attribution.reasons import AttributionReason, flaw_of
from tracker.sales.attribution.rules import Winner


def test_a_known_customer_decides_when_neither_a_click_nor_a_code_does() -> None:
    decision = decided([click("bob", 40 * DAY)], [code(None)], binding=make_binding("anna"))

    assert decision.winner == Winner("enr_anna", "trm_1", "lnk_anna", None, None)
    assert decision.reason == (
        "The known customer decides: neither a click nor a code does, and order 900 of 2026-09-01 bound the "
        "customer forever."
    )
    assert [(each["kind"], each["outcome"]) for each in decision.candidates] == [
        ("click", "lost"),
        ("coupon", "lost"),
        ("customer", "won"),
    ]


@pytest.mark.parametrize(
    ("clicks", "codes", "reason"),
    [
        ([click("bob", DAY)], [], "A click decides."),
        ([], [code("bob")], "The code BOB decides."),
        ([click("bob", DAY)], [code("bob")], "The code BOB decides."),
    ],
)
def test_a_click_or_code_of_another_creator_takes_precedence_over_the_binding(
    clicks: list[Touch], codes: list[CouponUse], reason: str
) -> None:
    decision = decided(clicks, codes, binding=make_binding("anna"))

    assert winner_of(decision) == "bob"
    assert decision.candidates[-1]["reason"] == reason
    assert decision.candidates[-1]["outcome"] == "lost"


def test_an_ignored_code_does_not_prevent_the_binding_from_deciding() -> None:
    assert winner_of(decided([], [code("bob")], policy="never", binding=make_binding("anna"))) == "anna"


@pytest.mark.parametrize(
    ("customers", "bought", "bound"),
    [
        (("first_sale", None), SOLD - DAY, False),
        (("months", 1), datetime(2026, 10, 1, 10, 0, tzinfo=UTC), False),
        (("months", 1), datetime(2026, 10, 1, 10, 0, 0, 1, tzinfo=UTC), True),
        (("months", 12), datetime(2025, 11, 1, 10, 0, tzinfo=UTC), False),
        (("months", 12), datetime(2025, 11, 2, tzinfo=UTC), True),
        (("lifetime", None), datetime(2016, 1, 1, tzinfo=UTC), True),
    ],
)
def test_the_brands_policy_limits_how_long_a_customer_is_bound(
    customers: tuple[str, int | None], bought: datetime, bound: bool
) -> None:
    decision = decided([], binding=make_binding("anna", iso_time(bought)), customers=customers)

    assert (winner_of(decision) == "anna") is bound
    if not bound:
        assert decision.reason.endswith("and no creator is bound to the customer.")
        assert "first sale only" in decision.candidates[0]["reason"] or "which had ended" in str(decision)


def test_a_creator_who_has_left_is_not_credited_by_a_binding() -> None:
    decision = decided([], binding=make_binding("anna", flaw=flaw_of(AttributionReason.CREATOR_LEFT)))

    assert decision.winner is None
    assert decision.candidates == [
        {
            "kind": "customer",
            "outcome": "lost",
            "reason": "Its creator had left the program when the sale was made.",
            "reason_code": "creator_left",
            "reason_parameters": {},
            "order_id": "900",
            "namespace": "shop",
            "at": "2026-09-01T10:00:00.000000Z",
            "link_id": "lnk_anna",
            "enrollment_id": "enr_anna",
        }
    ]


@pytest.mark.parametrize(
    ("at", "months", "end"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-11-30", 15, "2028-02-29"),
        ("2026-05-31", 12, "2027-05-31"),
        ("2026-05-31", 120, "2036-05-31"),
    ],
)
def test_months_are_calendar_months(at: str, months: int, end: str) -> None:
    start = datetime.fromisoformat(at).replace(hour=23, tzinfo=UTC)

    assert months_after(start, months) == datetime.fromisoformat(end).replace(hour=23, tzinfo=UTC)


def test_a_year_of_monthly_payments_ends_before_the_thirteenth_payment() -> None:
    """A customer bound for twelve months pays twelve times: the first payment and eleven renewals."""
    start = datetime(2025, 1, 31, 10, 0, tzinfo=UTC)
    payments = [months_after(start, number) + timedelta(minutes=1) for number in range(1, 14)]

    assert sum(payment < months_after(start, 12) for payment in payments) == 11
