"""The worked example of docs/money.md 9, line by line, with what each line does to held and payable."""

from typing import Any

from tests.harness.databases.snapshots import Snapshot, database_seed_for
from tests.payouts.rule_tables.command_line import NOVEMBER, OCTOBER, CommandLine, equation, split
from tests.payouts.rule_tables.opening import seed_after


class Lines:
    """Plays the example and notes, after each of its lines, by how much held and payable have changed."""

    def __init__(self, terminal: CommandLine) -> None:
        self._terminal = terminal
        self.changes: list[tuple[int, int]] = []
        self._before = (0, 0)

    def note(self, *times: str) -> None:
        """Run the jobs at these times, then note the line."""
        self._terminal.work(*times)
        held, payable = self._terminal.balances()
        self.changes.append((held - self._before[0], payable - self._before[1]))
        self._before = (held, payable)


def play(terminal: CommandLine) -> list[tuple[int, int]]:
    """The first line of November, of the 4th, comes before the last one of October. Returns the changes."""
    lines = Lines(terminal)
    terminal.sale("S1", 1000_00, "10-01")
    terminal.sale("S0", 50_00, "10-01")
    lines.note("10-01 13:00")
    terminal.sale("S2", 400_00, "10-20")
    lines.note("10-20 13:00")
    terminal.refund("S1", 200_00, "10-25")
    lines.note("10-25 13:00")
    lines.note("10-31 13:00", OCTOBER.closing)
    terminal.refund("S1", 100_00, "11-04")
    lines.note("11-04 13:00")
    terminal.decide("11-05", "decline", "S0", "--reason", "returned")
    lines.note()
    terminal.work(OCTOBER.seal)
    terminal.assert_consistent(OCTOBER.seal)
    lines.note(OCTOBER.payday)
    terminal.sale("S3", 300_00, "11-12")
    lines.note("11-12 13:00")
    lines.note("11-19 13:00")
    terminal.refund("S1", 250_00, "11-27")
    lines.note("11-27 13:00")
    bonus = ("--creator", terminal.cast.anna, "--reason", "best video of the month", "--key", "november")
    terminal.of_brand("11-30", "ledger", "book", "bonus", "--amount-minor", "500", *bonus)
    lines.note(NOVEMBER.closing)
    return lines.changes


database_seed = database_seed_for(terminal=seed_after(play))


def lines_of(statement: dict[str, Any], section: str) -> dict[str, int]:
    """By order: the amount of its line in that section, where there is one."""
    (part,) = statement["creators"]
    return {each["order"]: each[section]["minor"] for each in part["lines"] if each[section]["minor"]}


def test_each_line_of_the_example_changes_held_and_payable_by_its_amounts(
    terminal: CommandLine, snapshot: Snapshot
) -> None:
    assert snapshot.known[1] == [
        (105_00, 0),
        (40_00, 0),
        (-20_00, 0),
        (-85_00, 85_00),
        (0, -10_00),
        (0, -5_00),
        (0, -70_00),
        (30_00, 0),
        (-40_00, 40_00),
        (0, -25_00),
        (0, 5_00),
    ]
    terminal.assert_consistent(NOVEMBER.closing)


def test_october_closes_with_120_of_which_40_are_held_and_80_authorised(terminal: CommandLine) -> None:
    october = terminal.statement("2026-10")
    assert equation(october) == [0, 145_00, 25_00, 0, 0, 120_00]
    assert split(october) == {"held": 40_00, "payable": 80_00}
    assert lines_of(october, "earned") == {"S1": 100_00, "S0": 5_00, "S2": 40_00}
    assert lines_of(october, "reversed") == {"S1": 20_00, "S0": 5_00}
    assert lines_of(october, "released") == {"S1": 80_00, "S0": 5_00}
    assert lines_of(october, "held") == {"S2": 40_00}
    _november, listed = terminal.of_brand("12-01", "statement", "list")
    assert (listed["state"], listed["approved_by"]) == ("sealed", "silence")
    assert listed["approved_at"].startswith("2026-11-08")


def test_november_pays_70_for_october_and_closes_with_50_of_which_20_are_below_the_minimum(
    terminal: CommandLine,
) -> None:
    november = terminal.statement("2026-11")
    assert equation(november) == [120_00, 30_00, 35_00, 5_00, 70_00, 50_00]
    assert split(november) == {"held": 30_00, "below_minimum": 20_00}
    assert lines_of(november, "earned") == {"S3": 30_00}
    assert lines_of(november, "reversed") == {"S1": 35_00}
    assert lines_of(november, "released") == {"S2": 40_00}
    assert lines_of(november, "held") == {"S3": 30_00}
    (part,) = november["creators"]
    ((bonus,), (payment,)) = part["adjustments"], part["payments"]
    assert (bonus["amount"]["minor"], payment["amount"]["minor"]) == (5_00, 70_00)
    assert payment["authorised_by"] == "2026-10"
    terminal.work(NOVEMBER.payday)
    assert terminal.paid() == [70_00]
    assert terminal.why_not_paid(NOVEMBER.payday) == "below_minimum"
    terminal.assert_consistent(NOVEMBER.payday)
