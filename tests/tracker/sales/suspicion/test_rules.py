"""The pure rules that decide when a credited sale is suspicious."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from tracker.sales.attribution.inputs import RULES, CouponUse, Inputs, Policy, SaleFacts, Touch
from tracker.sales.reports.customer_hashes import address_hashes, mailbox
from tracker.sales.suspicion.rules import (
    SETTINGS,
    CreditedSale,
    Suspicion,
    coupon_without_click,
    duplicate_of,
    evidence_text,
    late_click,
    many_sales,
    possible_duplicates,
    self_purchase,
)

PAID_AT = datetime(2026, 10, 1, 12, tzinfo=UTC)
MANY = int(SETTINGS["many_sales"][0])


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (" Anna@Example.com ", "anna@example.com"),
        ("anna+tea@example.com", "anna@example.com"),
        ("anna+tea+more@example.com", "anna@example.com"),
        ("+anna@example.com", "+anna@example.com"),
        ("an.na@example.com", "an.na@example.com"),
        ("a.n.na+tea@googlemail.com", "anna@gmail.com"),
        ("anna@mac.com", "anna@icloud.com"),
        ("An_na-@pm.me", "anna@proton.me"),
        ("tea@anna.fastmail.com", "anna@fastmail.com"),
        ("anna@bücher.example", "anna@xn--bcher-kva.example"),
        ("...@gmail.com", "...@gmail.com"),
    ],
)
def test_aliases_of_a_mailbox_have_the_same_hash(written: str, expected: str) -> None:
    assert mailbox(written) == expected
    assert address_hashes(written).mailbox == address_hashes(expected).exact


@pytest.mark.parametrize("value", [None, "", "anna", 7, "a@" + "b" * 400])
def test_a_value_that_is_not_an_address_has_no_hash(value: object) -> None:
    assert address_hashes(value) == (None, None)


def test_the_first_candidate_that_is_an_address_is_hashed() -> None:
    assert address_hashes(None, "anna", "anna@example.com") == address_hashes("anna@example.com")


@pytest.mark.parametrize(
    ("shopper_email", "creator", "match"),
    [
        ("Anna@example.com", "anna@example.com", "address"),
        ("anna+tea@example.com", "anna@example.com", "mailbox"),
        ("anna@example.com", "anna+creator@example.com", "mailbox"),
        ("a.nna@gmail.com", "ann.a@googlemail.com", "mailbox"),
        ("anne@example.com", "anna@example.com", None),
    ],
)
def test_a_creator_who_buys_is_recognised_by_any_form_of_their_address(
    shopper_email: str, creator: str, match: str | None
) -> None:
    found = self_purchase(*address_hashes(shopper_email), creator)
    assert (found and found.evidence["match"]) == match
    assert found is None or "@" not in found.sentence + str(found.evidence)


def test_a_shop_that_sends_hashes_may_hash_address_or_mailbox() -> None:
    creator = "anna.tea@gmail.com"
    for sent in (address_hashes(creator).exact, address_hashes("annatea@gmail.com").exact):
        assert self_purchase(sent, sent, creator) is not None
    assert self_purchase(None, "c-17", creator) is None


def inputs(touches: list[Touch], coupons: list[CouponUse]) -> Inputs:
    sale = SaleFacts(brand_id="brd_1", order_id="1", occurred_at="2026-10-01T12:00:00.000000Z")
    policy = Policy(model="last", coupons="always", customers="first_sale", months=None)
    return Inputs(rules=RULES, sale=sale, touches=touches, coupons=coupons, binding=None, policy=policy)


def touch(creator_id: str | None, at: datetime = PAID_AT, key: str = "clk_1") -> Touch:
    values: dict[str, Any] = dict.fromkeys(Touch.__annotations__)
    values |= {"key": key, "click_id": key, "at": at.isoformat(), "creator_id": creator_id, "earns": True}
    return values  # type: ignore[return-value]


def code() -> CouponUse:
    values: dict[str, Any] = dict.fromkeys(CouponUse.__annotations__)
    values |= {"key": "anna10", "code": "ANNA10", "position": 0, "coupon_id": "cou_1", "creator_id": "crt_a"}
    return values  # type: ignore[return-value]


def test_a_code_without_a_click_of_its_owner_is_suspicious() -> None:
    found = coupon_without_click(inputs([touch("crt_b")], [code()]), "crt_a", "cou_1", links=True)
    assert found is not None
    assert "the code ANNA10 was used" in found.sentence
    assert found.evidence == {"code": "ANNA10", "clicks_of_others": 1, "creator_has_links": True}
    assert evidence_text(found.signal, found.evidence) == "clicks of other creators with the sale: 1"


@pytest.mark.parametrize("coupon_id", ["cou_1", None], ids=["with a click", "the click decided"])
def test_a_click_of_the_coupon_owner_clears_the_suspicion(coupon_id: str | None) -> None:
    assert coupon_without_click(inputs([touch("crt_a")], [code()]), "crt_a", coupon_id, links=True) is None


def late_click_of(click_minutes: float, checkout_minutes: float | None) -> Suspicion | None:
    """The suspicion for these times of click and checkout, both in minutes after the payment."""
    started = None if checkout_minutes is None else PAID_AT + timedelta(minutes=checkout_minutes)
    clicked = touch("crt_a", PAID_AT + timedelta(minutes=click_minutes))
    return late_click(inputs([touch("crt_b", key="clk_0"), clicked], []), "clk_1", PAID_AT, started)


def test_a_click_after_the_checkout_had_begun_is_suspicious() -> None:
    found = late_click_of(-1, -6)
    assert found is not None
    assert found.sentence == "the click came 5 minutes after the checkout had begun"
    assert found.evidence == {
        "click": "clk_1",
        "clicked_at": "2026-10-01T11:59:00Z",
        "checkout_started_at": "2026-10-01T11:54:00Z",
    }


def test_a_click_after_the_payment_is_suspicious_for_any_start_of_the_checkout() -> None:
    for checkout in (None, 3):
        found = late_click_of(4, checkout)
        assert found is not None
        assert found.sentence == "the click came 4 minutes after the order was paid"


@pytest.mark.parametrize(
    ("click_minutes", "checkout_minutes"),
    [(-10, -6), (-5.1, -6), (-5, -66), (0, None), (0.9, None)],
    ids=["before", "clocks differ", "a shopper who came back", "at once", "clocks differ, unknown start"],
)
def test_clicks_that_may_have_led_to_the_sale_are_not_suspicious(
    click_minutes: float, checkout_minutes: float | None
) -> None:
    assert late_click_of(click_minutes, checkout_minutes) is None


def test_without_a_click_there_is_no_late_click() -> None:
    assert (
        late_click(inputs([touch("crt_a", PAID_AT + timedelta(minutes=4))], []), None, PAID_AT, None) is None
    )


def sale(number: int, minutes: float, **other: Any) -> CreditedSale:
    values: dict[str, Any] = {
        "sale_id": f"sal_{number}",
        "order_id": str(number),
        "namespace": "shop",
        "occurred_at": PAID_AT + timedelta(minutes=minutes),
        "currency": "EUR",
        "total_minor": 100_00,
        "shopper": None,
        "creator_id": "crt_a",
        "click_id": None,
    }
    return CreditedSale(**values | other)


@pytest.mark.parametrize("by", [{"click_id": "clk_1"}, {"shopper": "h"}], ids=["click", "customer"])
def test_every_sale_of_a_burst_is_suspicious(by: dict[str, str]) -> None:
    burst = [sale(number, 60 * number, **by) for number in range(MANY)]
    found = many_sales(burst, MANY)
    assert set(found) == {each.sale_id for each in burst}
    assert found["sal_0"].sentence.startswith(f"{MANY} orders within {MANY - 1} hours came from one visitor")
    assert evidence_text("many_sales", found["sal_0"].evidence) == "orders " + ", ".join(
        map(str, range(MANY))
    )


@pytest.mark.parametrize(
    "burst",
    [
        [sale(number, 60 * number, click_id="clk_1") for number in range(MANY - 1)],
        [sale(number, 60 * 24 * number / (MANY - 2), click_id="clk_1") for number in range(MANY)],
        [sale(number, 0, click_id=f"clk_{number % 2}") for number in range(MANY)],
        [sale(number, 0, shopper="h", creator_id=f"crt_{number % 2}") for number in range(MANY)],
        [sale(number, 0) for number in range(MANY)],
    ],
    ids=["too few", "too slow", "two visitors", "two creators", "unidentified shoppers"],
)
def test_sales_that_are_not_a_burst_are_not_suspicious(burst: list[CreditedSale]) -> None:
    assert many_sales(burst, MANY) == {}


def test_only_sales_within_a_day_belong_to_a_burst() -> None:
    sales = [sale(0, -60 * 25, click_id="c"), *(sale(n, n, click_id="c") for n in range(1, MANY + 1))]
    assert "sal_0" not in many_sales(sales, MANY)
    assert len(many_sales(sales, MANY)) == MANY


def test_possible_duplicates_are_sorted_by_time() -> None:
    pair = [sale(1, 0, shopper="h"), sale(2, 10, shopper="h", namespace="stripe", creator_id="crt_b")]
    for ordered in permutations(pair):
        assert possible_duplicates(ordered) == [tuple(pair)]


@pytest.mark.parametrize(
    ("apart_s", "within_s", "words"),
    [
        (0.5, 1, "within 1 second:"),
        (119.9, 119, "within 119 seconds:"),
        (120, 120, "within 2 minutes:"),
        (433, 480, "within 8 minutes:"),
    ],
)
def test_the_parameters_of_a_duplicate_are_no_more_exact_than_its_words(
    apart_s: float, within_s: int, words: str
) -> None:
    """The creator sees them in the statement; the other order may be another creator's."""
    found = duplicate_of(sale(1, 0), sale(2, apart_s / 60))
    assert found.reason.parameters == {"within_s": within_s}
    assert words in found.sentence


def test_the_parameters_of_a_burst_and_of_a_late_click_are_no_more_exact_than_their_words() -> None:
    found = many_sales([sale(number, 70.3 * number, click_id="clk_1") for number in range(3)], 3)["sal_0"]
    assert found.reason.parameters == {"count": 3, "within_s": 3 * 3600, "by": "click"}
    assert "within 3 hours" in found.sentence
    clicked = late_click_of(4.4, None)
    assert clicked is not None
    assert clicked.reason.parameters == {"after_s": 300}
    assert clicked.sentence == "the click came 5 minutes after the order was paid"


def test_a_duplicate_names_the_other_order_to_the_brand_only() -> None:
    found = duplicate_of(sale(1, 0), sale(2, 9))
    assert found.about == "sal_1"
    assert found.sentence.endswith("within 9 minutes: the two may be one")
    assert "the other is order 1 (shop)" in evidence_text("possible_duplicate", found.evidence)


@pytest.mark.parametrize(
    "other",
    [
        {"namespace": "shop"},
        {"shopper": "i"},
        {"total_minor": 100_01},
        {"currency": "USD"},
        {"minutes": 10.1},
    ],
    ids=str,
)
def test_sales_that_differ_are_not_duplicates(other: dict[str, Any]) -> None:
    changed: dict[str, Any] = {"minutes": 10, "shopper": "h", "namespace": "stripe"} | other
    assert possible_duplicates([sale(1, 0, shopper="h"), sale(2, **changed)]) == []


def test_unidentified_shoppers_are_not_duplicates() -> None:
    assert possible_duplicates([sale(1, 0), sale(2, 1, namespace="stripe")]) == []
