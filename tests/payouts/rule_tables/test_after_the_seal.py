"""October is sealed on 8 November and paid on the 9th: what happens later takes only from its own money."""

from tests.payouts.rule_tables.command_line import NOVEMBER, OCTOBER, CommandLine, equation, split


def test_80_sealed_whose_dispute_was_opened_and_won_on_8_november_are_paid(terminal: CommandLine) -> None:
    terminal.sale("S1", 800_00, "10-01")
    terminal.close(OCTOBER)
    terminal.seal(OCTOBER)
    terminal.dispute("S1", "opened", 800_00, "11-08 09:00")
    terminal.work("11-08 09:10")
    assert terminal.balances() == (80_00, 0)
    terminal.dispute("S1", "won", 800_00, "11-08 15:00")
    terminal.work("11-08 15:10", OCTOBER.payday)
    assert terminal.paid() == [80_00]
    terminal.assert_consistent(OCTOBER.payday)


def test_of_180_sealed_a_line_that_was_disputed_and_won_and_then_refunded_by_20_leaves_160(
    terminal: CommandLine,
) -> None:
    terminal.sale("S1", 1000_00, "10-01")
    terminal.sale("S2", 800_00, "10-01")
    terminal.close(OCTOBER)
    terminal.seal(OCTOBER)
    assert split(terminal.statement("2026-10")) == {"payable": 180_00}
    terminal.dispute("S1", "opened", 1000_00, "11-08 09:00")
    terminal.work("11-08 09:10")
    terminal.dispute("S1", "won", 1000_00, "11-08 11:00")
    terminal.refund("S1", 200_00, "11-08 13:00")
    terminal.work("11-08 13:10", OCTOBER.payday)
    assert terminal.paid() == [160_00]
    terminal.assert_consistent(OCTOBER.payday)


def test_a_deduction_an_hour_after_the_seal_is_novembers_and_october_is_paid_whole(
    terminal: CommandLine,
) -> None:
    terminal.sale("S1", 1000_00, "10-01")
    terminal.close(OCTOBER)
    terminal.seal(OCTOBER)
    details = ("--creator", terminal.cast.anna, "--reason", "sample kept", "--key", "sample")
    terminal.of_brand("11-08 01:10", "ledger", "book", "deduction", "--amount-minor", "6000", *details)
    terminal.work(OCTOBER.payday)
    assert terminal.paid() == [100_00]

    terminal.close(NOVEMBER)
    november = terminal.statement("2026-11")
    assert november["state"] == "draft"
    assert equation(november) == [100_00, 0, 0, -60_00, 100_00, -60_00]
    assert split(november) == {"owed_by_creator": 60_00}
    terminal.work(NOVEMBER.payday)
    assert terminal.paid() == [100_00]
    terminal.assert_consistent(NOVEMBER.payday)


def test_a_commission_that_november_released_and_a_dispute_holds_takes_nothing_from_october(
    terminal: CommandLine,
) -> None:
    terminal.sale("S1", 800_00, "10-01")
    terminal.sale("S2", 1000_00, "10-04")
    terminal.close(OCTOBER)
    terminal.work("11-03 13:00")
    assert terminal.balances() == (0, 180_00)
    terminal.dispute("S2", "opened", 1000_00, "11-05")
    terminal.work("11-05 13:00")
    terminal.seal(OCTOBER)
    terminal.work(OCTOBER.payday)
    assert terminal.paid() == [80_00]
    assert terminal.balances() == (100_00, 0)
    terminal.assert_consistent(OCTOBER.payday)


def test_a_refund_of_28_october_that_is_told_on_3_november_lowers_the_180_of_october_to_140(
    terminal: CommandLine,
) -> None:
    terminal.sale("S1", 1800_00, "10-01")
    terminal.close(OCTOBER)
    terminal.refund("S1", 400_00, "10-28", told="11-03")
    terminal.work("11-03 13:00")
    terminal.seal(OCTOBER)
    assert split(terminal.statement("2026-10")) == {"payable": 180_00}
    terminal.work(OCTOBER.payday)
    assert terminal.paid() == [140_00]
    terminal.assert_consistent(OCTOBER.payday)
