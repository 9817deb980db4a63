"""Which moves of periods concern a line, and on which day it is expected to be paid now."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from payouts.commissions.dates import PayDates
from payouts.ledger.models import PayDayMove
from payouts.ledger.reasons import PAY_DAY_TEXTS, PayDayReason
from tracker.people.accounts.brand_rules import BrandRules


class DayMove(NamedTuple):
    """A move as it is shown. `released`: when the line is released, as far as was known then."""

    from_on: str
    to_on: str
    why: str
    reason_code: str
    reason_parameters: Mapping[str, Any]
    moved_at: datetime
    released: datetime


class PeriodMove(NamedTuple):
    """A move of all lines that are released in a span of time and expected to be paid on `shown.from_on`."""

    shown: DayMove
    released_until: datetime
    currency: str | None

    def concerns(self, day: str, released: datetime, currency: str) -> bool:
        is_within = self.shown.released <= released < self.released_until
        return is_within and self.shown.from_on == day and self.currency in (None, currency)


class Line(NamedTuple):
    """What of a commission says which moves concern it; `first_day` was said at its accrual."""

    commission_id: str
    brand_id: str
    currency: str
    release_at: datetime
    created_at: datetime
    first_day: str


def period_move(move: PayDayMove) -> PeriodMove:
    shown = DayMove(
        move.from_on,
        move.to_on,
        PAY_DAY_TEXTS.shown(move.reason, move.reason_code, move.reason_parameters),
        move.reason_code,
        move.reason_parameters,
        move.moved_at,
        move.released_from,
    )
    return PeriodMove(shown, move.released_until, move.currency)


def merged(line: Line, own: Sequence[DayMove], of_periods: Sequence[PeriodMove]) -> list[DayMove]:
    """The line's own moves and those of periods that concern it, in the order of their times."""
    day, released, since = line.first_day, line.release_at, line.created_at
    found = []
    waiting = list(of_periods)
    for move in (*own, None):
        for each in list(waiting):
            if move is not None and each.shown.moved_at >= move.moved_at:
                break
            waiting.remove(each)
            if each.shown.moved_at >= since and each.concerns(day, released, line.currency):
                found.append(each.shown)
                day = each.shown.to_on
        if move is not None:
            found.append(move)
            day, released, since = move.to_on, max(line.release_at, move.released), move.moved_at
    return found


class PresentDays:
    """When lines of a brand are paid by its present rules and what has already moved of its periods."""

    def __init__(self, rules: BrandRules, moves: Sequence[PayDayMove]) -> None:
        self._pay_dates = PayDates(rules)
        by_rules = PayDayReason.RULES_CHANGED.value
        self._moves = [period_move(each) for each in moves if each.reason_code != by_rules]

    def of(self, released: datetime, currency: str) -> str:
        day = self._pay_dates.of(released)
        for each in self._moves:
            if each.concerns(day, released, currency):
                day = each.shown.to_on
        return day
