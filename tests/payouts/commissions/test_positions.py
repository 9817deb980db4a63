"""Where a change of a commission is posted: against the account in which its money stood in the period."""

import random
from datetime import UTC, datetime

import pytest

from payouts.commissions.positions import (
    DraftPeriods,
    Movement,
    Step,
    Trajectory,
    change_steps,
    decline_steps,
    hold_steps,
    release_in_draft_steps,
    release_steps,
)

OCTOBER, NOVEMBER, DECEMBER = (datetime(2026, month, 1, tzinfo=UTC) for month in (10, 11, 12))
MONTHS = [OCTOBER, NOVEMBER, DECEMBER]

Moved = dict[datetime, Movement]


def test_a_refund_in_the_period_of_its_release_is_taken_from_payable() -> None:
    released = {OCTOBER: Movement(0, 100, 100)}
    assert change_steps(released, OCTOBER, -20, held=False) == [Step(OCTOBER, "reverse_payable", 20)]


def test_a_refund_dated_before_held_again_is_taken_from_payable_and_less_is_held() -> None:
    held_again = {OCTOBER: Movement(0, 100, 100), NOVEMBER: Movement(100, -100, -100)}
    assert change_steps(held_again, OCTOBER, -20, held=True) == [
        Step(OCTOBER, "reverse_payable", 20),
        Step(NOVEMBER, "mature", 20),
    ]


def test_a_refund_dated_before_the_release_is_taken_from_what_was_held_and_less_is_released() -> None:
    released_later = {OCTOBER: Movement(100, 0, 0), NOVEMBER: Movement(-100, 100, 100)}
    assert change_steps(released_later, OCTOBER, -20, held=False) == [
        Step(OCTOBER, "reverse_held", 20),
        Step(NOVEMBER, "hold", 20),
    ]


def test_a_reinstatement_dated_before_the_release_is_released_with_the_rest() -> None:
    released_later = {OCTOBER: Movement(60, 0, 0), NOVEMBER: Movement(-60, 60, 60)}
    assert change_steps(released_later, OCTOBER, 40, held=False) == [
        Step(OCTOBER, "reinstate_held", 40),
        Step(NOVEMBER, "mature", 40),
    ]


def test_a_refund_takes_in_its_period_no_more_than_stood_there() -> None:
    """50 were lost in October and won in November: of a refund of 80 dated in October, 30 are November's."""
    won_later = {OCTOBER: Movement(50, 0, 0), NOVEMBER: Movement(50, 0, 0)}
    assert change_steps(won_later, OCTOBER, -80, held=True) == [
        Step(OCTOBER, "reverse_held", 50),
        Step(NOVEMBER, "reverse_held", 30),
    ]


def test_a_decline_on_a_draft_moves_there_what_stands_and_the_rest_now() -> None:
    won_later = {OCTOBER: Movement(0, 50, 100), NOVEMBER: Movement(0, 50, 0)}
    assert decline_steps(won_later, DraftPeriods(OCTOBER, NOVEMBER), 100) == [
        Step(OCTOBER, "reverse_payable", 50),
        Step(NOVEMBER, "reverse_payable", 50),
    ]


def test_a_decline_of_what_was_released_after_the_draft_is_posted_now() -> None:
    released_later = {OCTOBER: Movement(100, 0, 0), NOVEMBER: Movement(-100, 100, 100)}
    assert decline_steps(released_later, DraftPeriods(OCTOBER, NOVEMBER), 100) == [
        Step(NOVEMBER, "reverse_payable", 100)
    ]


def test_a_hold_on_a_draft_takes_what_is_open_there_and_a_release_gives_it_back() -> None:
    released = {OCTOBER: Movement(0, 100, 100)}
    periods = DraftPeriods(OCTOBER, NOVEMBER)
    assert hold_steps(released, periods, 100) == [Step(OCTOBER, "hold", 100)]
    held = {OCTOBER: Movement(100, 0, 0)}
    assert release_in_draft_steps(held, periods) == [Step(OCTOBER, "mature", 100)]


def test_a_hold_on_a_draft_leaves_what_a_later_refund_took() -> None:
    refunded_later = {OCTOBER: Movement(0, 100, 100), NOVEMBER: Movement(0, -20, 0)}
    assert hold_steps(refunded_later, DraftPeriods(OCTOBER, NOVEMBER), 80) == [Step(OCTOBER, "hold", 80)]


def test_a_release_dated_in_an_earlier_period_follows_what_happened_since() -> None:
    refunded_later = {OCTOBER: Movement(100, 0, 0), NOVEMBER: Movement(-20, 0, 0)}
    assert release_steps(refunded_later, OCTOBER) == [
        Step(OCTOBER, "mature", 100),
        Step(NOVEMBER, "hold", 20),
    ]


def after(moved: Moved, steps: list[Step]) -> Moved:
    """The movements with these steps posted."""
    signs = {"reverse": -1, "reinstate": 1}
    found = dict(moved)
    for step in steps:
        old = found.get(step.period_starts_at, Movement())
        word, _, account = step.event.partition("_")
        amount = step.amount_minor
        if step.event in ("mature", "hold"):
            out = amount if step.event == "mature" else -amount
            change = (-out, out, out)
        else:
            change = (signs[word] * amount, 0, 0) if account == "held" else (0, signs[word] * amount, 0)
        found[step.period_starts_at] = Movement(
            old.pending_minor + change[0], old.payable_minor + change[1], old.released_minor + change[2]
        )
    return found


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_held_below_zero_and_the_last_balances_are_those_of_the_state(
    seed: int,
) -> None:
    """Random changes, releases, holds and decisions, in any order of their dates."""
    rng = random.Random(seed)
    for _ in range(500):
        worth = rng.randrange(1, 200)
        moved: Moved = {rng.choice(MONTHS[:2]): Movement(worth, 0, 0)}
        first = min(moved)
        held, story = True, [f"seed {seed}: {worth} earned in {first:%b}"]
        for _ in range(rng.randrange(1, 8)):
            month = rng.choice([each for each in MONTHS if each >= first])
            periods = DraftPeriods(month, DECEMBER)
            choice = rng.choice(("change", "change", "release", "hold", "decline", "draft"))
            if choice == "change":
                new = rng.randrange(0, 200)
                steps = change_steps(moved, month, new - worth, held=held) if new != worth else []
                worth = new
            elif choice == "decline":
                steps, worth = decline_steps(moved, periods, worth), 0
            elif choice == "release" and held:
                steps, held = release_steps(moved, month), False
            elif choice == "draft" and held:
                steps, held = release_in_draft_steps(moved, periods), False
            elif choice in ("hold", "draft") and not held and worth:
                steps, held = hold_steps(moved, periods, worth), True
            else:
                continue
            moved = after(moved, list(steps))
            story.append(f"{choice} in {month:%b}: worth {worth}, {steps}")
            ends = Trajectory(moved, MONTHS)
            assert all(each >= 0 for each in ends.pending), "\n".join(story)
            last = (ends.pending[-1], ends.payable[-1])
            assert last == ((worth, 0) if held else (0, worth)), "\n".join(story)
            assert all(step.amount_minor > 0 for step in steps)
