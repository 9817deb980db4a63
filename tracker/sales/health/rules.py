"""Rules for unusual silence, clock skew and leaked coupons. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nlargest
from statistics import median_low

OBSERVATION_PERIOD = timedelta(days=28)
"""The usual pauses are measured in four weeks before the last message, so that weekends are included."""

MIN_HISTORY = timedelta(days=14)
MIN_MESSAGES = 20
"""With fewer messages, or a history shorter than MIN_HISTORY, no usual pause is known."""

MIN_SILENCE_LIMIT = timedelta(hours=24)

SKEW_LIMIT_S = 60
SKEW_SAMPLES = 3
"""A single message may be late for any reason."""

MIN_LEAK_ORDERS = 10


@dataclass(frozen=True)
class MessagePattern:
    """A shop's messages in OBSERVATION_PERIOD up to and including the last one.

    `first_at` is its first message ever; `messages` counts only those of the period.
    """

    first_at: datetime
    last_at: datetime
    messages: int
    usual_pause: timedelta


@dataclass(frozen=True)
class Silence:
    """`limit` is how long this shop may be silent, or None if unknown; `reason` explains the limit."""

    silent: timedelta
    limit: timedelta | None
    reason: str

    @property
    def is_alarm(self) -> bool:
        return self.limit is not None and self.silent > self.limit


@dataclass(frozen=True)
class Skew:
    """How far the shop's clock is ahead of ours, from `messages` samples; negative when it is behind."""

    ahead_s: int
    messages: int

    @property
    def is_alarm(self) -> bool:
        return self.messages >= SKEW_SAMPLES and abs(self.ahead_s) > SKEW_LIMIT_S


@dataclass(frozen=True)
class CouponStatistics:
    """Orders with a creator's code, those of them with the creator's click, and the creator's visitors."""

    code: str
    creator_id: str
    orders: int
    with_click: int
    visitors: int

    @property
    def without_click(self) -> int:
        return self.orders - self.with_click

    @property
    def may_have_leaked(self) -> bool:
        """Many orders, more than the creator has visitors, use the code without a click of the creator.

        This is typical of a code on a coupon site, but also of one that is only spoken: a person must decide.
        """
        return (
            self.without_click >= MIN_LEAK_ORDERS
            and 3 * self.without_click >= 2 * self.orders
            and self.without_click > self.visitors
        )


def usual_pause(times: Iterable[datetime]) -> tuple[int, timedelta]:
    """The number of `times`, which are ascending, and the second longest pause between them.

    Weekends occur several times in four weeks, so they are usual; the longest pause may be an outage.
    """
    number, earlier = 0, None
    longest: list[timedelta] = []
    for number, later in enumerate(times, start=1):  # noqa: B007 - the last value is the count
        if earlier is not None:
            longest = nlargest(2, [*longest, later - earlier])
        earlier = later
    return number, longest[-1] if len(longest) == 2 else timedelta()


def silence(pattern: MessagePattern, now: datetime) -> Silence:
    """The limit is 1.5 times the usual pause, at least one day."""
    silent = now - pattern.last_at
    if pattern.messages < MIN_MESSAGES:
        reason = f"{pattern.messages} messages in {OBSERVATION_PERIOD.days} days are too few for a limit"
        return Silence(silent, None, reason)
    if pattern.last_at - pattern.first_at < MIN_HISTORY:
        return Silence(silent, None, f"its messages cover less than {MIN_HISTORY.days} days")
    limit = max(MIN_SILENCE_LIMIT, pattern.usual_pause * 3 // 2)
    return Silence(silent, limit, f"it usually pauses for {_hours(pattern.usual_pause)} at most")


def skew(ahead: Sequence[timedelta]) -> Skew | None:
    """The median of the differences between the messages' times and ours; None without samples."""
    if not ahead:
        return None
    return Skew(int(median_low(ahead).total_seconds()), len(ahead))


def _hours(pause: timedelta) -> str:
    return f"{pause // timedelta(hours=1)} h {pause % timedelta(hours=1) // timedelta(minutes=1)} min"
