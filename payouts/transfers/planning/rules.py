"""Which open entries of `payable` a payout settles, and how old the oldest open cent is. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from payouts.transfers.stripe.amounts import floor_to_rail_step
from tracker.ids import is_id
from tracker.sales.attribution.customer_binding import months_after

WAIVED_AFTER_MONTHS = 12
"""When the oldest open cent is this old, the minimum is waived, and a debt can be written off."""

_OF_COMMISSIONS = frozenset({"mature", "hold", "reverse_payable", "reinstate_payable"})
_NAMES_ITS_TRANSFER = frozenset({"orphan_adopted", "transfer_reversed", "deduction"})
_AT_ONCE = frozenset({"orphan_adopted", "paid_by_hand", "tax_withheld"})


@dataclass(frozen=True)
class Subject:
    """What an entry belongs to; entries of one subject are chosen together.

    `own_statement`: the entry counts only with the statement of its own period.
    """

    key: str
    own_statement: bool = False


@dataclass(frozen=True)
class OpenEntry:
    """One open entry of a creator's payable account, or the remainder of an earlier payout.

    Exactly one of `posting_id` and `carried_from_id` is set. `later`: it was posted after the statement's
    period. `held`: its commission has an open hold. `waits`: money that came back and is not decided about.
    """

    posting_id: int | None
    carried_from_id: str | None
    amount_minor: int
    since: datetime
    subject: Subject
    later: bool = False
    held: bool = False
    waits: bool = False


@dataclass(frozen=True)
class Selection:
    """The entries that a payout would settle; the amount is floored to the rail's step, the rest carried.

    `left_out` are the other open entries.
    """

    entries: tuple[OpenEntry, ...]
    currency: str
    left_out: tuple[OpenEntry, ...] = ()

    @property
    def total_minor(self) -> int:
        return _sum_minor(self.entries)

    @property
    def amount_minor(self) -> int:
        return floor_to_rail_step(self.total_minor, self.currency) if self.total_minor > 0 else 0

    @property
    def carried_minor(self) -> int:
        return self.total_minor - self.amount_minor

    @property
    def settles(self) -> bool:
        """Whether the entries sum to exactly 0, so that they are settled without a transfer."""
        return bool(self.entries) and self.total_minor == 0

    @property
    def deducted_later_minor(self) -> int:
        """What later statements take off and this one does not, such as a deduction after its seal."""
        return -sum(
            each.amount_minor
            for each in self.left_out
            if each.subject.own_statement and each.amount_minor < 0
        )


def subject_of(
    kind: str, transaction_id: str, subject_id: str, inputs: Mapping[str, Any], returned_from: str | None
) -> Subject:
    """The subject of a posting, by its transaction and, when there is one, the payout whose returned money
    its commission entry moves (docs/money.md 7).
    """
    if returned_from is not None:
        return Subject(returned_from)
    if kind in _OF_COMMISSIONS:
        return Subject(subject_id)
    if kind in _NAMES_ITS_TRANSFER and "transfer" in inputs:
        return Subject(f"adopted:{inputs['transfer']}")
    if is_id(subject_id, "pay"):
        return Subject(subject_id)
    return Subject(transaction_id, own_statement=kind not in _AT_ONCE)


def remainder_of(payout_id: str) -> Subject:
    """The subject of what a payout could not send: each is one of its own."""
    return Subject(f"remainder:{payout_id}")


def choose(open_entries: Iterable[OpenEntry], currency: str) -> Selection:
    """Choose the entries of one creator that a payout settles, subject by subject.

    When the open entries of a subject after the period sum below 0, all its open entries are chosen, else
    only those up to the period. Nothing of a held commission is chosen while that would pay something.
    """
    by_subject: dict[Subject, list[OpenEntry]] = defaultdict(list)
    for each in open_entries:
        by_subject[each.subject].append(each)
    chosen: list[OpenEntry] = []
    left_out: list[OpenEntry] = []
    for entries in by_subject.values():
        own = _chosen_of(entries)
        chosen += own
        left_out += [each for each in entries if each not in own]
    return Selection(tuple(chosen), currency, tuple(left_out))


def _chosen_of(entries: Sequence[OpenEntry]) -> Sequence[OpenEntry]:
    """Those of one subject."""
    decided = [each for each in entries if not each.waits]
    taken_later = _sum_minor(each for each in decided if each.later and not each.subject.own_statement) < 0
    chosen = decided if taken_later else [each for each in decided if not each.later]
    total_minor = _sum_minor(chosen)
    if any(each.held for each in chosen) and total_minor >= 0:
        return []
    waiting_minor = _sum_minor(entries) - _sum_minor(decided)
    if total_minor < 0 < waiting_minor and not _is_adopted(entries):
        # What is taken out of returned money, such as a hold on a line of it, lowers no other money.
        return [] if total_minor + waiting_minor >= 0 else entries
    return chosen


def _is_adopted(entries: Sequence[OpenEntry]) -> bool:
    """An adopted transfer counts at once, also while what came back of it waits."""
    return entries[0].subject.key.startswith("adopted:")


def oldest_open(entries: Iterable[OpenEntry]) -> datetime | None:
    """Since when the oldest cent of a positive sum is open; None when the sum is not positive.

    Negative entries use up the oldest positive ones first.
    """
    return _oldest_left([(each.since, each.amount_minor) for each in entries])


def oldest_debt(entries: Iterable[OpenEntry]) -> datetime | None:
    """Since when the oldest cent of a negative sum is owed; None when the sum is not negative."""
    return _oldest_left([(each.since, -each.amount_minor) for each in entries])


def _oldest_left(dated: Sequence[tuple[datetime, int]]) -> datetime | None:
    used_minor = -sum(amount for _since, amount in dated if amount < 0)
    for since, amount in sorted(each for each in dated if each[1] > 0):
        if amount > used_minor:
            return since
        used_minor -= amount
    return None


def is_over_a_year_old(since: datetime | None, now: datetime, timezone: str) -> bool:
    """Whether twelve calendar months have passed in the brand's zone, at the same time of day."""
    if since is None:
        return False
    return months_after(since.astimezone(ZoneInfo(timezone)), WAIVED_AFTER_MONTHS) <= now


def _sum_minor(entries: Iterable[OpenEntry]) -> int:
    return sum(each.amount_minor for each in entries)
