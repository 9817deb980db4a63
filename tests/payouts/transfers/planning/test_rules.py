"""What is chosen of each subject, and how old the oldest open cent is."""

from datetime import UTC, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payouts.transfers.planning.rules import (
    OpenEntry,
    Selection,
    Subject,
    choose,
    is_over_a_year_old,
    oldest_debt,
    oldest_open,
    subject_of,
)
from tests.cast.books import at

SINCE = at("10-31")


def entry(amount: int, subject: str = "com_1", *, own: bool = False, **facts: Any) -> OpenEntry:
    """An entry of October, unless `later=True`; `own`: it counts only with its own statement."""
    return OpenEntry(None, None, amount, facts.pop("since", SINCE), Subject(subject, own), **facts)


def november(amount: int, subject: str = "com_1", **facts: Any) -> OpenEntry:
    return entry(amount, subject, later=True, **facts)


def chosen(*entries: OpenEntry) -> list[int]:
    return sorted(each.amount_minor for each in choose(entries, "EUR").entries)


def total(*entries: OpenEntry) -> int:
    return choose(entries, "EUR").total_minor


def test_a_line_that_was_held_and_released_after_the_period_is_still_paid() -> None:
    assert chosen(entry(80), november(-80), november(80)) == [80]


def test_a_line_that_was_held_released_and_refunded_after_the_period_is_paid_less_the_refund() -> None:
    assert total(entry(80, "com_2"), entry(100), november(-100), november(100), november(-20)) == 160


def test_a_later_release_and_what_takes_from_it_belong_to_the_next_statement() -> None:
    assert chosen(entry(80, "com_2"), november(100), november(-100)) == [80]
    assert chosen(entry(80, "com_2"), november(100), november(-30)) == [80]


def test_a_refund_of_the_period_that_is_posted_later_lowers_the_payout() -> None:
    assert total(entry(180), november(-40)) == 140


def test_a_hold_and_a_release_that_both_belong_to_the_period_are_paid() -> None:
    """A decision on a draft is posted into the period of the draft."""
    assert total(entry(100), entry(-100), entry(100)) == 100


def test_a_decline_on_a_draft_after_a_won_dispute_takes_only_its_own_line() -> None:
    """100 + 80 in October; the 100 disputed and won in November, then declined on the draft of October."""
    disputed = [entry(100), november(-100), november(100)]
    assert total(entry(80, "com_2"), *disputed, november(-100)) == 80


def test_a_later_deduction_or_bonus_waits_for_its_own_statement() -> None:
    selection = choose([entry(100), november(-60, "txn_1", own=True), november(5, "txn_2", own=True)], "EUR")
    assert (selection.total_minor, selection.deducted_later_minor) == (100, 60)
    assert total(entry(100), entry(-60, "txn_1", own=True), entry(5, "txn_2", own=True)) == 45


def test_what_was_paid_outside_payouts_counts_at_once() -> None:
    assert total(entry(100), november(-30, "txn_adopted")) == 70


def test_nothing_more_is_paid_of_a_held_commission_but_what_it_owes_counts() -> None:
    assert chosen(entry(80, "com_2"), entry(100, held=True)) == [80]
    assert total(entry(80, "com_2"), entry(-30, held=True), november(-10, held=True)) == 40
    assert chosen(entry(100, held=True), november(-100, held=True)) == []


def test_what_came_back_and_waits_is_not_paid_and_a_hold_within_it_lowers_no_other_money() -> None:
    came_back, decided = entry(300, "pay_1", waits=True), entry(300, "pay_1")
    hold_of_a_line = entry(-100, "pay_1")
    assert total(entry(50, "com_2"), came_back) == 50
    assert total(entry(50, "com_2"), came_back, hold_of_a_line) == 50
    assert total(entry(50, "com_2"), decided, hold_of_a_line) == 250
    assert total(entry(50, "com_2"), came_back, entry(-310, "pay_1")) == 40


def test_an_adopted_transfer_counts_also_while_what_came_back_of_it_waits() -> None:
    came_back = november(20, "adopted:tr_1", waits=True)
    assert total(entry(100), november(-50, "adopted:tr_1"), came_back) == 50
    assert total(entry(100), november(-50, "adopted:tr_1"), november(20, "adopted:tr_1")) == 70


@pytest.mark.parametrize(
    ("kind", "subject", "inputs", "returned_from", "expected"),
    [
        ("mature", "com_1", {}, None, Subject("com_1")),
        ("hold", "com_1", {}, "pay_1", Subject("pay_1")),
        ("transfer_reversed", "pay_1", {"payout": "pay_1"}, None, Subject("pay_1")),
        ("deduction", "pay_1", {}, None, Subject("pay_1")),
        ("orphan_adopted", "crt_1", {"transfer": "tr_1"}, None, Subject("adopted:tr_1")),
        ("transfer_reversed", "crt_1", {"transfer": "tr_1"}, None, Subject("adopted:tr_1")),
        ("deduction", "txn_0", {"transfer": "tr_1"}, None, Subject("adopted:tr_1")),
        ("paid_by_hand", "crt_1", {}, None, Subject("txn_9")),
        ("tax_withheld", "crt_1", {}, None, Subject("txn_9")),
        ("deduction", "crt_1", {}, None, Subject("txn_9", own_statement=True)),
        ("write_off", "crt_1", {}, None, Subject("txn_9", own_statement=True)),
        ("exchange", "crt_1", {}, None, Subject("txn_9", own_statement=True)),
    ],
)
def test_each_kind_of_transaction_has_its_subject(
    kind: str, subject: str, inputs: dict[str, str], returned_from: str | None, expected: Subject
) -> None:
    assert subject_of(kind, "txn_9", subject, inputs, returned_from) == expected


def test_negative_entries_use_up_the_oldest_positive_ones_first() -> None:
    """10.00 earned and refunded whole a year ago; 3.00 earned now."""
    old, now = at("2025-10-01T12:00:00"), at("2026-11-01T12:00:00")
    entries = [entry(10_00, since=old), entry(-10_00, since=old), entry(3_00, since=now)]
    assert oldest_open(entries) == now
    assert oldest_open([*entries, entry(1, since=old)]) == old
    assert oldest_open(entries[:2]) is None
    assert oldest_debt([*entries, entry(-3_01, since=now)]) == now


def test_twelve_months_are_calendar_months_in_the_brands_zone() -> None:
    since = at("2027-03-01T00:30:00+13:00").astimezone(UTC)  # in UTC it is February, and 2028 has a 29th
    assert not is_over_a_year_old(since, at("2028-03-01T00:29:59+13:00"), "Pacific/Auckland")
    assert is_over_a_year_old(since, at("2028-03-01T00:30:00+13:00"), "Pacific/Auckland")
    assert not is_over_a_year_old(None, at("2028-03-01T00:30:00"), "UTC")


moments = st.integers(0, 30).map(lambda days: SINCE + timedelta(days=days))
amounts = st.integers(-5, 5).filter(bool)


@given(st.lists(st.tuples(moments, amounts), max_size=8))
def test_the_oldest_open_cent_is_that_of_a_queue_of_cents(dated: list[tuple[Any, int]]) -> None:
    """Reference: the positive cents stand in a queue by age, and each negative cent takes the first."""
    queue = sorted(since for since, amount in dated for _ in range(amount))
    used = -sum(amount for _since, amount in dated if amount < 0)
    entries = [entry(amount, since=since) for since, amount in dated]
    assert oldest_open(entries) == (queue[used:] or [None])[0]


@st.composite
def open_entries(draw: st.DrawFn) -> list[OpenEntry]:
    subjects = st.sampled_from([("com_1", False), ("com_2", False), ("pay_1", False), ("txn_1", True)])
    rows = draw(st.lists(st.tuples(st.integers(-9, 9).filter(bool), subjects, st.booleans(), st.booleans())))
    return [
        entry(amount, key, own=own, later=later, waits=waits and amount > 0 and key == "pay_1")
        for amount, (key, own), later, waits in rows
    ]


@given(open_entries())
def test_more_than_all_open_entries_is_never_chosen_but_for_deductions_of_later_statements(
    entries: list[OpenEntry],
) -> None:
    selection: Selection = choose(entries, "EUR")
    everything = sum(each.amount_minor for each in entries)
    bonuses = sum(
        e.amount_minor for e in selection.left_out if e.subject.own_statement and e.amount_minor > 0
    )
    assert selection.total_minor <= everything - bonuses + selection.deducted_later_minor
    assert sorted(map(id, selection.entries + selection.left_out)) == sorted(map(id, entries))
