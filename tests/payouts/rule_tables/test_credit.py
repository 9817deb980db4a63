"""After the first release, newer evidence moves no credit by itself: a person decides."""

from typing import Any

import pytest

from tests.harness.databases.snapshots import database_seed_for
from tests.payouts.rule_tables.command_line import OCTOBER, CommandLine
from tests.payouts.rule_tables.opening import seed_after


def tell_a_token_late(terminal: CommandLine) -> None:
    """The sealed statement of October released Anna's line; it was held again; then the token came."""
    token = terminal.token_of_click("bob", "10-01 11:00")
    terminal.sale("S1", 1000_00, "10-01")
    terminal.close(OCTOBER)
    terminal.seal(OCTOBER)
    terminal.dispute("S1", "opened", 1000_00, "11-08 09:00")
    terminal.work("11-08 09:10")
    terminal.sale("S1", 1000_00, "10-01", told="11-08 10:00", click=token)
    terminal.work("11-08 10:10")


database_seed = database_seed_for(undecided=seed_after(tell_a_token_late))


@pytest.fixture
def undecided(terminal: CommandLine) -> CommandLine:
    return terminal


def both_sides(terminal: CommandLine, when: str) -> list[dict[str, Any]]:
    return list(terminal.of_brand(when, "credit", "show"))


def test_credit_stays_and_both_sides_of_a_move_are_shown_when_a_token_comes_after_the_release(
    undecided: CommandLine,
) -> None:
    assert (undecided.balances(), undecided.balances("Bob")) == ((100_00, 0), (0, 0))
    (shown,) = both_sides(undecided, "11-08 10:20")
    assert (shown["credited"]["name"], shown["evidence_for"]["name"]) == ("Anna", "Bob")
    losses = (shown["credited_loses"]["minor"], shown["of_which_paid"]["minor"])
    assert (losses, shown["claimant_gets"]["minor"]) == ((100_00, 0), 100_00)
    undecided.assert_consistent("11-08 10:30")


def test_credit_that_a_person_keeps_is_paid_to_the_creator_who_had_it(undecided: CommandLine) -> None:
    undecided.ask("11-08 11:00", "credit", "keep", undecided.commission("S1")["id"])
    assert both_sides(undecided, "11-08 11:10") == []
    undecided.dispute("S1", "won", 1000_00, "11-08 12:00")
    undecided.work("11-08 12:10", OCTOBER.payday)
    assert (undecided.paid(), undecided.balances("Bob")) == ([100_00], (0, 0))
    undecided.assert_consistent(OCTOBER.payday)


def test_credit_that_a_person_moves_is_held_for_the_other_creator_until_a_date_of_its_own(
    undecided: CommandLine,
) -> None:
    (shown,) = both_sides(undecided, "11-08 11:00")
    undecided.ask("11-08 11:00", "credit", "confirm", undecided.commission("S1")["id"])
    assert both_sides(undecided, "11-08 11:10") == []
    moved = undecided.commission("S1")
    assert (moved["creator"]["name"], moved["release_at"]) == ("Bob", shown["claimant_release_at"])
    assert (undecided.balances(), undecided.balances("Bob")) == ((0, 0), (100_00, 0))
    undecided.dispute("S1", "won", 1000_00, "11-08 12:00")
    undecided.work("11-08 12:10", OCTOBER.payday)
    assert (undecided.paid(), undecided.balances("Bob")) == ([], (100_00, 0))
    undecided.work("11-16")
    assert undecided.balances("Bob") == (0, 100_00)
    undecided.assert_consistent("11-16")
