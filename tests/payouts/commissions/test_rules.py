"""The commission on a sale and what refunds leave of it, as tables and as properties (docs/money.md 3)."""

from fractions import Fraction
from itertools import pairwise, permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payouts.commissions.worth.disputes import DisputeUpdate
from payouts.commissions.worth.facts import Facts, worth_minor
from payouts.commissions.worth.refunds import RefundAmounts, Refunded, refunded, remaining_base_minor
from payouts.commissions.worth.rules import Base, commission_minor, full_base_minor
from tracker.money import MAX_MINOR
from tracker.sales.reports.sale_amounts import SaleAmounts

BASES: tuple[Base, ...] = ("net", "gross", "profit")
amounts = st.one_of(st.integers(0, 300), st.integers(0, 10_000_000), st.just(MAX_MINOR))
rates = st.integers(0, 10_000)


@st.composite
def sales(draw: st.DrawFn) -> SaleAmounts:
    total = draw(amounts)
    tax = draw(st.integers(0, total))
    shipping = draw(st.integers(0, total - tax))
    return SaleAmounts(total, tax, shipping, draw(st.none() | st.integers(0, 2 * total + 1)))


@st.composite
def refunds(draw: st.DrawFn, sale: SaleAmounts) -> RefundAmounts:
    amount = draw(st.integers(1, 2 * sale.total + 1))
    tax = draw(st.none() | st.integers(0, amount))
    shipping = draw(st.none() | st.integers(0, amount - (tax or 0)))
    return RefundAmounts(amount, tax, shipping)


@st.composite
def scenarios(draw: st.DrawFn) -> tuple[SaleAmounts, list[RefundAmounts]]:
    sale = draw(sales())
    return sale, draw(st.lists(refunds(sale), max_size=4))


def left(sale: SaleAmounts, back: list[RefundAmounts], base: Base, rate_bp: int, **more: Any) -> int:
    named = tuple((str(number), refund) for number, refund in enumerate(back))
    return worth_minor(Facts(sale, named, **more), base, rate_bp)


@pytest.mark.parametrize(
    ("sale", "base", "rate_bp", "earned"),
    [
        (SaleAmounts(11900, 1900, 500), "net", 1000, 950),
        (SaleAmounts(11900, 1900, 500), "gross", 1000, 1190),
        (SaleAmounts(11900, 1900, 500, cost=5000), "profit", 1000, 450),
        (SaleAmounts(11900, 1900, 500, cost=9500), "profit", 1000, 0),
        (SaleAmounts(11900, 1900, 500, cost=20000), "profit", 1000, 0),  # a loss earns nothing, owes nothing
        (SaleAmounts(11900, 1900, 500), "profit", 1000, 950),  # held for review
        (SaleAmounts(0, 0, 0), "net", 1000, 0),
        (SaleAmounts(500, 0, 500), "net", 10_000, 0),
        (SaleAmounts(1005, 0, 0), "net", 1000, 101),  # 100.5, half up
        (SaleAmounts(1004, 0, 0), "net", 1000, 100),
        (SaleAmounts(1234, 112, 0), "net", 1250, 140),  # JPY has no decimals: 140.25 yen are 140
        (SaleAmounts(12345, 1122, 0), "net", 1250, 1403),  # BHD has three decimals: 1.402875 are 1.403
        (SaleAmounts(1, 0, 0), "net", 4999, 0),
        (SaleAmounts(1, 0, 0), "net", 5000, 1),
        (SaleAmounts(MAX_MINOR, 0, 0), "net", 10_000, MAX_MINOR),
        (SaleAmounts(MAX_MINOR, 0, 0), "net", 3333, 3_002_099_511_605_172),
    ],
)
def test_a_commission_is_the_rate_of_its_base_half_up(
    sale: SaleAmounts, base: Base, rate_bp: int, earned: int
) -> None:
    assert commission_minor(full_base_minor(sale, base), rate_bp) == earned == left(sale, [], base, rate_bp)


STATED = RefundAmounts(2380, tax=380, shipping=0)
UNSTATED = RefundAmounts(2380)


@pytest.mark.parametrize(
    ("back", "total", "net"),
    [
        ([], 0, 0),
        ([STATED], 2380, 2000),
        ([RefundAmounts(500, shipping=500)], 500, 0),
        ([RefundAmounts(2380, tax=380)], 2380, 2000),
        ([UNSTATED], 2380, 1900),  # 2380 of 11900 is a fifth; so is 1900 of 9500
        ([STATED, UNSTATED], 4760, 2000 + 1875),  # 2380 x (9500 - 2000) / (11900 - 2380)
        ([RefundAmounts(11900)], 11900, 9500),
        ([RefundAmounts(11900, tax=0, shipping=0)], 11900, 9500),
        ([RefundAmounts(20000)], 11900, 9500),
        ([RefundAmounts(9500, tax=0)], 9500, 9500),  # all of the goods, none of the shipping
        ([RefundAmounts(9500, tax=0), RefundAmounts(1)], 9501, 9500),
        ([RefundAmounts(100, tax=100, shipping=100)], 100, 0),  # states more than its amount: the net is 0
    ],
)
def test_refunded_total_and_net(back: list[RefundAmounts], total: int, net: int) -> None:
    assert refunded(SaleAmounts(11900, 1900, 500), back, cancelled=False) == Refunded(total, net)


def test_a_cancellation_deducts_the_whole_remainder() -> None:
    sale = SaleAmounts(11900, 1900, 500)
    for back in ([], [STATED], [UNSTATED], [STATED, UNSTATED], [RefundAmounts(99999)]):
        assert refunded(sale, back, cancelled=True) == Refunded(11900, 9500)
        assert all(left(sale, back, base, 10_000, cancelled=True) == 0 for base in BASES)


@given(scenarios(), st.sampled_from(BASES), rates)
def test_remaining_commission_is_between_zero_and_the_full_amount(
    scenario: tuple[SaleAmounts, list[RefundAmounts]], base: Base, rate_bp: int
) -> None:
    sale, back = scenario
    remaining = remaining_base_minor(sale, base, refunded(sale, back, cancelled=False))
    assert 0 <= remaining <= full_base_minor(sale, base)
    assert 0 <= left(sale, back, base, rate_bp) <= left(sale, [], base, rate_bp)


@given(scenarios(), st.sampled_from(BASES), rates)
def test_the_order_of_refunds_does_not_matter(
    scenario: tuple[SaleAmounts, list[RefundAmounts]], base: Base, rate_bp: int
) -> None:
    sale, back = scenario
    assert len({left(sale, list(order), base, rate_bp) for order in permutations(back)}) == 1


@given(scenarios(), st.data(), st.sampled_from(BASES), rates)
def test_another_refund_never_increases_the_commission(
    scenario: tuple[SaleAmounts, list[RefundAmounts]], data: st.DataObject, base: Base, rate_bp: int
) -> None:
    sale, back = scenario
    more = data.draw(refunds(sale))
    assert left(sale, [*back, more], base, rate_bp) <= left(sale, back, base, rate_bp)


def in_pieces(total: int, weights: list[int]) -> list[int]:
    """Parts roughly in proportion to the weights; they sum to the total."""
    sums = [total * sum(weights[:number]) // (sum(weights) or 1) for number in range(len(weights))]
    return [end - start for start, end in pairwise([*sums, total])]


@given(
    sales(), st.lists(st.integers(0, 1000), min_size=1, max_size=6), st.data(), st.sampled_from(BASES), rates
)
def test_full_refund_in_any_parts_leaves_zero(
    sale: SaleAmounts, weights: list[int], data: st.DataObject, base: Base, rate_bp: int
) -> None:
    pieces = []
    for amount in in_pieces(sale.total, weights):
        tax = data.draw(st.none() | st.integers(0, amount))
        pieces += [RefundAmounts(amount, tax)] if amount else []
    assert left(sale, pieces, base, rate_bp) == 0


@given(sales(), st.lists(st.integers(0, 1000), min_size=1, max_size=6), rates)
def test_an_unstated_refund_in_pieces_is_the_same_as_in_one(
    sale: SaleAmounts, weights: list[int], rate_bp: int
) -> None:
    half = sale.total // 2
    pieces = [RefundAmounts(amount) for amount in in_pieces(half, weights) if amount]
    whole = [RefundAmounts(half)] if half else []
    assert left(sale, pieces, "net", rate_bp) == left(sale, whole, "net", rate_bp)


@given(scenarios(), rates)
def test_refund_formula_matches_exact_fractions(
    scenario: tuple[SaleAmounts, list[RefundAmounts]], rate_bp: int
) -> None:
    sale, back = scenario
    stated = [refund for refund in back if refund.tax is not None or refund.shipping is not None]
    taken = min(sum(refund.amount for refund in stated), sale.total)
    net_parts = [max(each.amount - (each.tax or 0) - (each.shipping or 0), 0) for each in stated]
    taken_net = min(sum(net_parts), sale.net)
    others = min(sum(refund.amount for refund in back if refund not in stated), sale.total - taken)
    if taken + others == sale.total:
        net_back = sale.net
    else:
        share = Fraction(others * (sale.net - taken_net), sale.total - taken)
        net_back = taken_net + int(share + Fraction(1, 2))
    expected = int(Fraction((sale.net - net_back) * rate_bp, 10_000) + Fraction(1, 2))
    assert left(sale, back, "net", rate_bp) == expected


@given(scenarios(), rates)
def test_gross_base_is_the_total_less_refunds(
    scenario: tuple[SaleAmounts, list[RefundAmounts]], rate_bp: int
) -> None:
    sale, back = scenario
    went_back = min(sum(refund.amount for refund in back), sale.total)
    assert (
        remaining_base_minor(sale, "gross", refunded(sale, back, cancelled=False)) == sale.total - went_back
    )


def step(dispute_id: str, status: Any, time: int, amount: int = 4000) -> DisputeUpdate:
    return DisputeUpdate(dispute_id, status, amount, f"{time:04}")


SALE = SaleAmounts(10000, 0, 0)


@pytest.mark.parametrize(
    ("steps", "remaining", "still_open"),
    [
        ([step("d", "opened", 1)], 1000, ["d"]),
        ([step("d", "opened", 1), step("d", "won", 2)], 1000, []),
        ([step("d", "opened", 1), step("d", "lost", 2)], 600, []),
        ([step("d", "opened", 3), step("d", "lost", 2)], 600, []),  # a final status beats `opened`
        ([step("d", "opened", 3), step("d", "won", 2)], 1000, []),
        ([step("d", "lost", 2), step("d", "won", 3)], 1000, []),  # of two final ones the later
        ([step("d", "lost", 3), step("d", "won", 2)], 600, []),
        ([step("d", "won", 2), step("d", "lost", 2)], 600, []),  # at the same time: lost
        ([step("d", "lost", 1), step("e", "opened", 2)], 600, ["e"]),
        ([step("d", "lost", 1), step("e", "lost", 2)], 200, []),
        ([step("d", "lost", 1, 99999)], 0, []),
    ],
)
def test_commission_and_open_disputes_after_dispute_updates(
    steps: list[DisputeUpdate], remaining: int, still_open: list[str]
) -> None:
    for order in permutations(steps):
        facts = Facts(SALE, disputes=tuple(order))
        assert worth_minor(facts, "net", 1000) == remaining
        assert facts.open_disputes() == still_open


def test_a_lost_dispute_that_is_also_reported_as_a_refund_counts_once() -> None:
    lost = Facts(SALE, (("d", RefundAmounts(4000)),), (step("d", "lost", 1),))
    assert worth_minor(lost, "net", 1000) == 600
    another = Facts(SALE, (("r", RefundAmounts(4000)),), (step("d", "lost", 1),))
    assert worth_minor(another, "net", 1000) == 200


def test_declined_commission_stays_zero() -> None:
    facts = Facts(SALE, disputes=(step("d", "lost", 1), step("d", "won", 2)), declined=True)
    assert worth_minor(facts, "net", 1000) == 0
