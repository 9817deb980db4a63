"""What is below the minimum waits; what was paid by hand uses up no deposit."""

from dataclasses import replace

from tests.payouts.rule_tables.command_line import OCTOBER, CommandLine


def test_100_that_are_due_are_paid_from_a_deposit_of_100_when_another_100_were_paid_by_hand(
    terminal: CommandLine,
) -> None:
    shared = replace(terminal, environment={"LINKLEDGER_RAIL_SHARED": "true"})
    shared.of_brand("10-01", *book("deposit", "--amount-minor", "10000"))
    shared.sale("S1", 1000_00, "10-01")
    shared.sale("S2", 1000_00, "10-01")
    shared.close(OCTOBER)
    shared.seal(OCTOBER)
    by_hand = ("--creator", shared.cast.anna, "--amount-minor", "10000", "--date", "2026-11-08")
    shared.of_brand("11-08 10:00", *book("paid_by_hand", *by_hand))
    shared.work(OCTOBER.payday)
    assert shared.paid() == [100_00]
    assert shared.balances() == (0, 0)
    accounts = shared.of_brand("11-09", "ledger", "accounts")
    owned = {each["account"]: each["balance"]["minor"] for each in accounts}
    assert (owned["funding"], owned["bank"]) == (0, -100_00)
    shared.assert_consistent(OCTOBER.payday)


def book(kind: str, *options: str) -> tuple[str, ...]:
    return ("ledger", "book", kind, "--reason", "as agreed", "--key", kind, *options)


def test_half_a_dollar_waits_for_the_minimum_that_the_brand_did_not_set(terminal: CommandLine) -> None:
    dollars = replace(terminal, currency="USD")
    dollars.sale("S1", 5_00, "10-01")
    dollars.play(OCTOBER)
    assert dollars.balances() == (0, 50)
    assert dollars.paid() == []
    assert dollars.why_not_paid(OCTOBER.payday) == "below_minimum"
    dollars.assert_consistent(OCTOBER.payday)


def test_3_earned_now_wait_when_10_were_earned_and_refunded_whole_a_year_ago(terminal: CommandLine) -> None:
    terminal.sale("old", 100_00, "10-01")
    terminal.work("10-01 13:00")
    terminal.refund("old", 100_00, "11-20")
    terminal.play(OCTOBER)
    terminal.work("11-20 13:00")
    terminal.sale("new", 30_00, "2027-10-01 12:00")
    terminal.work("2027-11-01 00:10", "2027-11-09 00:10")
    assert terminal.balances() == (0, 3_00)
    assert terminal.paid() == []
    assert terminal.why_not_paid("2027-11-09 00:10") == "below_minimum"
    terminal.assert_consistent("2027-11-09 00:10")
