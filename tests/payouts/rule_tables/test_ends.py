"""Every hold ends, and so does the time in which a released line can be declined."""

import pytest

from tests.harness.databases.snapshots import database_seed_for
from tests.payouts.rule_tables.command_line import DECEMBER, FEBRUARY, JANUARY, NOVEMBER, OCTOBER, CommandLine
from tests.payouts.rule_tables.opening import NEW_BRAND, seed_after


def hold_for_review(terminal: CommandLine) -> None:
    """100 of the draft of October are held on 3 November, without a named end."""
    terminal.sale("S1", 1000_00, "10-01")
    terminal.close(OCTOBER)
    terminal.decide("11-03", "hold", "S1", "--reason", "under_review")
    terminal.seal(OCTOBER)


database_seed = database_seed_for(reviewed=seed_after(hold_for_review), terminal=NEW_BRAND)


@pytest.fixture
def reviewed(terminal: CommandLine) -> CommandLine:
    return terminal


def test_a_line_that_is_held_for_review_is_released_after_60_days(reviewed: CommandLine) -> None:
    assert reviewed.holds("S1") == [("person", "2027-01-02T12:00:00Z")]
    for days in (NOVEMBER, DECEMBER):
        reviewed.close(days)
        reviewed.seal(days)
    reviewed.work("2027-01-02 11:00")
    assert reviewed.balances() == (100_00, 0)
    reviewed.work("2027-01-02 13:00")
    assert reviewed.balances() == (0, 100_00)
    reviewed.play(JANUARY)
    assert reviewed.paid() == [100_00]
    reviewed.assert_consistent(JANUARY.payday)


def test_a_hold_for_review_is_extended_once_by_30_days_with_a_reason(reviewed: CommandLine) -> None:
    reviewed.decide("11-20", "extend", "S1", "--until", "2027-02-01", "--note", "the shop is on holiday")
    assert reviewed.holds("S1") == [("person", "2027-02-01T12:00:00Z")]
    again = ("--until", "2027-02-01", "--note", "still closed")
    with reviewed.nothing_changes():
        said = reviewed.refused("11-21", "commission", "extend", reviewed.commission("S1")["id"], *again)
    assert "extended" in said
    for days in (NOVEMBER, DECEMBER, JANUARY):
        reviewed.close(days)
        reviewed.seal(days)
    reviewed.work("2027-02-01 11:00")
    assert reviewed.balances() == (100_00, 0)
    reviewed.work("2027-02-01 13:00")
    assert reviewed.balances() == (0, 100_00)
    reviewed.play(FEBRUARY)
    assert reviewed.paid() == [100_00]
    reviewed.assert_consistent(FEBRUARY.payday)


def test_a_message_that_stays_parked_holds_its_order_for_30_days(terminal: CommandLine) -> None:
    terminal.sale("S1", 1000_00, "10-01")
    terminal.close(OCTOBER)
    terminal.refund("S1", 100_00, "11-03", currency="USD")
    terminal.work("11-03 13:00")
    (parked,) = terminal.of_brand("11-03 13:00", "source", "events", "--state", "parked")
    ((placed_by, until),) = terminal.holds("S1")
    assert (parked["order_id"], placed_by, until[:10]) == ("S1", "event", "2026-12-03")
    terminal.seal(OCTOBER)
    terminal.work(OCTOBER.payday)
    assert terminal.paid() == []
    terminal.play(NOVEMBER)
    terminal.work("12-03 12:30")
    assert terminal.balances() == (100_00, 0)
    terminal.work("12-03 13:30")
    assert terminal.balances() == (0, 100_00)
    terminal.play(DECEMBER)
    assert terminal.paid() == [100_00]
    terminal.assert_consistent(DECEMBER.payday)


def test_a_line_that_was_paid_19_months_ago_cannot_be_declined_any_more(terminal: CommandLine) -> None:
    terminal.sale("S1", 1000_00, "10-01")
    terminal.close(OCTOBER)
    terminal.seal(OCTOBER)
    terminal.work(OCTOBER.payday)
    assert terminal.paid() == [100_00]
    decline = ("commission", "decline", terminal.commission("S1")["id"])
    why = ("--reason", "breach", "--evidence", "video of 7 October")
    changed_our_mind = ("--reason", "other", "--note", "we changed our mind")
    with terminal.nothing_changes():
        assert "--evidence" in terminal.refused("11-20", *decline, *changed_our_mind)
        for when in ("2027-05-07 00:10", "2028-06-09 12:00"):
            assert "180 days after the seal" in terminal.refused(when, *decline, *why)
        assert "180 days" in terminal.refused("2028-06-09 12:00", *decline, *changed_our_mind)
    terminal.ask("2027-05-06 23:50", *decline, *why)
    assert terminal.balances() == (0, -100_00)
    terminal.assert_consistent("2027-05-07 00:10")
