"""What a sale adds to the totals of its day."""

from payouts.rollups.rules import CountedCommission, CountedSale, DayTotals


def test_a_sale_counts_for_the_creator_who_is_credited_now() -> None:
    totals, sale = DayTotals("brd", "2026-10-01"), CountedSale("EUR", 100_00, 40_00)
    totals.add_sale(sale)
    totals.add_commission(sale, CountedCommission("anna", "lnk", live=False, earned_minor=10, left_minor=0))
    totals.add_commission(sale, CountedCommission("bob", None, live=True, earned_minor=10, left_minor=6))
    assert {tuple(key): figures for key, figures in totals.totals.items()} == {
        ("all", "brd", "EUR"): [1, 100_00, 40_00, 20, 6],
        ("credited", "brd", "EUR"): [1, 100_00, 40_00, 20, 6],
        ("creator", "anna", "EUR"): [0, 0, 0, 10, 0],
        ("link", "lnk", "EUR"): [0, 0, 0, 10, 0],
        ("creator", "bob", "EUR"): [1, 100_00, 40_00, 10, 6],
    }


def test_a_sale_of_nothing_is_none() -> None:
    totals = DayTotals("brd", "2026-10-01")
    totals.add_sale(CountedSale("EUR", 0, 0))
    assert list(totals.totals.values()) == [[0, 0, 0, 0, 0]]
