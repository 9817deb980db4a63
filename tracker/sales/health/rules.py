"""When a shop is unusually silent, when its clock is off, and when a coupon may have leaked. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nlargest
from statistics import median_low

OBSERVATION_PERIOD = timedelta(days=28)
"""What a shop's habits are read from: four weeks before its last message, so that weekends are in it."""

MIN_HISTORY = timedelta(days=14)
MIN_MESSAGES = 20
"""A shop with fewer messages in four weeks has no habit that silence could break, nor has a new one."""

MIN_SILENCE_LIMIT = timedelta(hours=24)

SKEW_LIMIT_S = 60
SKEW_SAMPLES = 3
"""One message alone may have been late for any reason."""

MIN_LEAK_ORDERS = 10


@dataclass(frozen=True)
class MessagePattern:
    """How a shop's messages came in the four weeks before its last one, which is in it."""

    first_at: datetime
    last_at: datetime
    messages: int
    usual_pause: timedelta


@dataclass(frozen=True)
class Silence:
    """`limit` is how long this shop may be silent; None when nothing can be said of it, and `why` says so."""

    silent: timedelta
    limit: timedelta | None
    why: str

    @property
    def is_alarm(self) -> bool:
        return self.limit is not None and self.silent > self.limit


@dataclass(frozen=True)
class Skew:
    """How far the shop's times are ahead of ours when its messages arrive; below 0 they are behind."""

    ahead_s: int
    messages: int

    @property
    def is_alarm(self) -> bool:
        return self.messages >= SKEW_SAMPLES and abs(self.ahead_s) > SKEW_LIMIT_S


@dataclass(frozen=True)
class CouponStatistics:
    """Orders with a creator's code, those of them with a click of his, and his visitors in that time."""

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
        """Known where the creator's links are not: many orders without his click, more than he has visitors.

        So looks a code on a coupon site, and also one that is only ever spoken: a person knows which it is.
        """
        return (
            self.without_click >= MIN_LEAK_ORDERS
            and 3 * self.without_click >= 2 * self.orders
            and self.without_click > self.visitors
        )


def usual_pause(times: Iterable[datetime]) -> tuple[int, timedelta]:
    """How many times there are, ascending, and the second longest pause between them.

    Weekends come several times in four weeks, so they are usual; the longest pause of all may be an outage.
    """
    number, earlier = 0, None
    longest: list[timedelta] = []
    for number, later in enumerate(times, start=1):  # noqa: B007 - the last one is how many there are
        if earlier is not None:
            longest = nlargest(2, [*longest, later - earlier])
        earlier = later
    return number, longest[-1] if len(longest) == 2 else timedelta()


def silence(pattern: MessagePattern, now: datetime) -> Silence:
    """The limit is 1.5 times the usual pause, at least one day."""
    silent = now - pattern.last_at
    if pattern.messages < MIN_MESSAGES:
        why = f"{pattern.messages} messages in {OBSERVATION_PERIOD.days} days are too few to call it silent"
        return Silence(silent, None, why)
    if pattern.last_at - pattern.first_at < MIN_HISTORY:
        return Silence(silent, None, f"known for less than {MIN_HISTORY.days} days")
    limit = max(MIN_SILENCE_LIMIT, pattern.usual_pause * 3 // 2)
    return Silence(silent, limit, f"it usually pauses for {_hours(pattern.usual_pause)} at most")


def skew(ahead: Sequence[timedelta]) -> Skew | None:
    """The median of how far each message's own time was ahead of ours; None without any."""
    if not ahead:
        return None
    return Skew(int(median_low(ahead).total_seconds()), len(ahead))


def _hours(pause: timedelta) -> str:
    return f"{pause // timedelta(hours=1)} h {pause % timedelta(hours=1) // timedelta(minutes=1)} min"
