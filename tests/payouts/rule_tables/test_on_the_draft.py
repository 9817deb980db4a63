"""October is a draft from the 1st to the 8th of November: what is decided meanwhile, or held again."""

import pytest

from tests.harness.databases.snapshots import database_seed_for
from tests.payouts.rule_tables.command_line import DECEMBER, NOVEMBER, OCTOBER, CommandLine, equation, split
from tests.payouts.rule_tables.opening import NEW_BRAND, seed_after


def test_a_line_that_is_held_on_the_draft_and_released_an_hour_later_is_paid_on_9_november(
    terminal: CommandLine,
) -> None:
    terminal.sale("S1", 1000_00, "10-01")
    terminal.close(OCTOBER)
    terminal.decide("11-03 10:00", "hold", "S1", "--reason", "under_review")
    assert split(terminal.statement("2026-10")) == {"held": 100_00}
    terminal.decide("11-03 11:00", "release", "S1")
    assert split(terminal.statement("2026-10")) == {"payable": 100_00}
    terminal.seal(OCTOBER)
    terminal.work(OCTOBER.payday)
    assert terminal.paid() == [100_00]
    terminal.assert_consistent(OCTOBER.payday)


def test_a_line_that_is_declined_on_the_draft_after_its_dispute_was_won_takes_only_its_own_50(
    terminal: CommandLine,
) -> None:
    """Of its 100, a lost dispute left 50 in October; it was won in November after all."""
    terminal.sale("disputed", 1000_00, "10-01")
    terminal.sale("other", 800_00, "10-01")
    terminal.dispute("disputed", "lost", 500_00, "10-31 14:00")
    terminal.close(OCTOBER)
    assert split(terminal.statement("2026-10")) == {"payable": 130_00}
    terminal.dispute("disputed", "won", 500_00, "11-02")
    terminal.work("11-02 13:00")
    assert terminal.balances() == (0, 180_00)
    terminal.decide("11-03", "decline", "disputed", "--reason", "breach")
    assert split(terminal.statement("2026-10")) == {"payable": 80_00}
    terminal.seal(OCTOBER)
    terminal.work(OCTOBER.payday)
    assert terminal.paid() == [80_00]
    assert terminal.balances() == (0, 0)
    terminal.assert_consistent(OCTOBER.payday)


def remove_for_cause(terminal: CommandLine) -> None:
    """130 are released on the draft; the creator is removed on 5 November."""
    terminal.sale("S1", 1000_00, "10-01")
    terminal.sale("S2", 300_00, "10-01")
    terminal.close(OCTOBER)
    assert terminal.balances() == (0, 130_00)
    terminal.of_brand("11-05", "creator", "remove", terminal.cast.anna, "--for-cause", "bought clicks")


database_seed = database_seed_for(removed=seed_after(remove_for_cause), terminal=NEW_BRAND)


@pytest.fixture
def removed(terminal: CommandLine) -> CommandLine:
    return terminal


def test_of_a_creator_who_is_removed_for_cause_nothing_is_paid_and_each_line_is_held_for_30_days(
    removed: CommandLine,
) -> None:
    held = removed.of_brand("11-05", "commission", "held")
    assert {each["order"]: each["worth"]["minor"] for each in held} == {"S1": 100_00, "S2": 30_00}
    for (placed,) in (each["holds"] for each in held):
        assert (placed["placed_by"], placed["until"]) == ("removal", "2026-12-05T12:00:00Z")
        assert "bought clicks" in placed["why"]
    removed.seal(OCTOBER)
    removed.work(OCTOBER.payday)
    assert removed.paid() == []
    assert split(removed.statement("2026-10")) == {"held": 130_00}
    removed.assert_consistent(OCTOBER.payday)


def test_lines_of_a_removed_creator_are_declined_one_by_one_or_released_after_30_days(
    removed: CommandLine,
) -> None:
    removed.decide("11-06", "decline", "S2", "--reason", "breach")
    removed.play(OCTOBER)
    removed.play(NOVEMBER)
    removed.work("12-05 11:00")
    assert removed.balances() == (100_00, 0)
    removed.work("12-05 13:00")
    assert removed.balances() == (0, 100_00)
    assert removed.paid() == []
    removed.play(DECEMBER)
    assert removed.paid() == [100_00]
    removed.assert_consistent(DECEMBER.payday)


def test_a_refund_dated_before_its_line_was_held_again_is_taken_from_payable_where_the_money_stood(
    terminal: CommandLine,
) -> None:
    """The line was released on 19 November and disputed on 1 December, before November was closed."""
    terminal.sale("S1", 1000_00, "10-20")
    terminal.close(OCTOBER)
    terminal.work("11-19 13:00")
    terminal.dispute("S1", "opened", 1000_00, "12-01 00:10")
    terminal.of_brand("12-01 00:20", "payout", "run")
    assert terminal.balances() == (100_00, 0)
    terminal.refund("S1", 224_60, "11-25", told="12-01 00:30")
    terminal.work("12-01 00:40")
    november = terminal.statement("2026-11")
    assert equation(november) == [100_00, 0, 22_46, 0, 0, 77_54]
    assert split(november) == {"payable": 77_54}
    assert terminal.balances() == (77_54, 0)
    terminal.assert_consistent("12-01 00:50")
