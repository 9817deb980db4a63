"""Money that came back waits for a decision, or for 14 days."""

import pytest

from tests.harness.databases.snapshots import Snapshot, database_seed_for
from tests.payouts.rule_tables.command_line import DECEMBER, NOVEMBER, OCTOBER, CommandLine, split
from tests.payouts.rule_tables.opening import NEW_BRAND, seed_after


def pay_and_take_back(terminal: CommandLine) -> str:
    """80 were paid for October; the brand takes them back on 28 November. Returns the reversal's id."""
    terminal.sale("S1", 800_00, "10-01")
    terminal.play(OCTOBER)
    assert terminal.paid() == [80_00]
    terminal.take_back_at_the_provider("11-28", 80_00)
    terminal.work("11-29", NOVEMBER.closing)
    assert split(terminal.statement("2026-11")) == {"payable": 80_00}
    (returned,) = terminal.of_brand("12-01", "payout", "returned", "list")
    assert (returned["amount"]["minor"], returned["decision"]) == (80_00, None)
    assert returned["waits_until"] == "2026-12-13T12:00:00Z"
    return str(returned["reversal"])


database_seed = database_seed_for(reversal=seed_after(pay_and_take_back), terminal=NEW_BRAND)


@pytest.fixture
def reversal(snapshot: Snapshot) -> str:
    return str(snapshot.known[1])


def test_a_transfer_that_the_brand_takes_back_is_not_sent_again_on_the_next_payday_but_after_14_days(
    terminal: CommandLine, reversal: str
) -> None:
    terminal.work(NOVEMBER.payday, "12-13 11:00")
    assert terminal.paid() == [80_00]
    terminal.work("12-13 13:00")
    assert terminal.paid() == [80_00, 80_00]
    assert terminal.balances() == (0, 0)
    terminal.assert_consistent("12-13 13:00")


def test_a_transfer_that_the_brand_took_back_is_sent_again_on_the_next_payday_when_a_person_says_so(
    terminal: CommandLine, reversal: str
) -> None:
    terminal.ask("12-02", "payout", "returned", "send-again", reversal, "--note", "wrong account")
    terminal.seal(NOVEMBER)
    assert terminal.paid() == [80_00]
    terminal.work(NOVEMBER.payday)
    assert terminal.paid() == [80_00, 80_00]
    terminal.assert_consistent(NOVEMBER.payday)


def test_a_transfer_that_the_brand_took_back_is_never_sent_again_when_its_commission_is_declined(
    terminal: CommandLine, reversal: str
) -> None:
    declined = ("--decline", terminal.commission("S1")["id"], "--reason-code", "returned")
    terminal.ask("12-02", "payout", "returned", "taken-back", reversal, *declined, "--evidence", "parcel 17")
    terminal.work(NOVEMBER.payday)
    terminal.play(DECEMBER)
    assert terminal.paid() == [80_00]
    assert terminal.balances() == (0, 0)
    terminal.assert_consistent(DECEMBER.payday)


def test_a_transfer_that_the_brand_took_back_is_never_sent_again_when_its_amount_is_deducted(
    terminal: CommandLine, reversal: str
) -> None:
    terminal.ask("12-02", "payout", "returned", "taken-back", reversal, "--deduct-rest")
    terminal.work(NOVEMBER.payday)
    terminal.play(DECEMBER)
    assert terminal.paid() == [80_00]
    assert terminal.balances() == (0, 0)
    terminal.assert_consistent(DECEMBER.payday)


def test_of_300_that_came_back_of_1000_with_one_disputed_line_of_100_the_other_200_are_paid(
    terminal: CommandLine,
) -> None:
    terminal.sale("S1", 1000_00, "10-01")
    terminal.sale("S2", 9000_00, "10-01")
    terminal.play(OCTOBER)
    assert terminal.paid() == [1000_00]
    terminal.take_back_at_the_provider("11-10", 300_00)
    terminal.work("11-10 13:00")
    assert terminal.balances() == (0, 300_00)
    terminal.dispute("S1", "opened", 1000_00, "11-12")
    terminal.work("11-12 13:00")
    assert terminal.balances() == (100_00, 200_00)
    terminal.play(NOVEMBER)
    assert split(terminal.statement("2026-11")) == {"held": 100_00, "payable": 200_00}
    assert terminal.paid() == [1000_00, 200_00]
    terminal.assert_consistent(NOVEMBER.payday)
