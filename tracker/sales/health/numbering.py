"""Which numbers are missing in a shop's sequence of orders. Pure.

Some shops number their orders one by one (Shopify's #1001), others take the next free number of something
larger (WooCommerce's are those of all its posts). Only of the former can a missing number be told.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heappush, heappushpop

MIN_ORDERS = 20
"""Orders; fewer show no habit."""

MAX_GAPS = 100
"""The largest are kept."""

MAX_SERIES = 20
"""Names that differ in what stands around their number; with more of them it is no number."""

MIN_JUMP = 1000
LONG_GAP_SIZE = 5
"""So many numbers in a row are missing for a reason: single ones are orders that were never paid."""

_NAME = re.compile(r"((?:.*[^0-9])?)(0*)([0-9]{1,15})([^0-9]*)", re.DOTALL)


@dataclass(frozen=True)
class Series:
    """What stands around the number; `digits` when it is filled up with zeros, else 0."""

    before: str
    after: str
    digits: int

    def name(self, number: int) -> str:
        return f"{self.before}{number:0{self.digits}d}{self.after}"


@dataclass(frozen=True, order=True)
class Gap:
    """Numbers from `first` to `last` that nobody has reported, both included."""

    size: int
    first: int

    @property
    def last(self) -> int:
        return self.first + self.size - 1

    def numbers(self) -> range:
        return range(self.first, self.last + 1)


@dataclass(frozen=True)
class Numbering:
    """A sequence that goes up one by one, and where it does not; `gaps` ascending."""

    series: Series
    known: int
    first: int
    last: int
    gaps: tuple[Gap, ...]

    @property
    def missing(self) -> int:
        return sum(gap.size for gap in self.gaps)

    @property
    def long_gaps(self) -> tuple[Gap, ...]:
        return tuple(gap for gap in self.gaps if gap.size >= LONG_GAP_SIZE)


@dataclass
class _SeriesCounter:
    """One series, number by number."""

    first: int
    last: int
    known: int = 1
    consecutive_steps: int = 0
    gaps: list[Gap] = field(default_factory=list)

    def add(self, number: int) -> None:
        if number <= self.last:
            return  # the same order again
        gap = Gap(number - self.last - 1, self.last + 1)
        if gap.size == 0:
            self.consecutive_steps += 1
        elif len(self.gaps) < MAX_GAPS:
            heappush(self.gaps, gap)
        else:
            heappushpop(self.gaps, gap)
        self.known += 1
        self.last = number

    @property
    def is_consecutive(self) -> bool:
        """Four in five follow on the one before; however long an outage, it is one step."""
        return self.known >= MIN_ORDERS and 5 * self.consecutive_steps >= 4 * (self.known - 1)


def numbering(names: Iterable[str]) -> Numbering | None:
    """What is missing among the orders with these names; None when they are not numbered one by one.

    `names` are sorted by length, then by text, so that numbers ascend. Memory does not grow with them.
    """
    counts: dict[Series, _SeriesCounter] = {}
    for name in names:
        match = _NAME.fullmatch(name)
        if match is None:
            continue
        before, zeros, digits, after = match.groups()
        series = Series(before, after, len(zeros + digits) if zeros else 0)
        if series in counts:
            counts[series].add(int(digits))
        elif len(counts) == MAX_SERIES:
            return None
        else:
            counts[series] = _SeriesCounter(int(digits), int(digits))
    if not counts:
        return None
    series = max(counts, key=lambda each: counts[each].known)
    count = counts[series]
    if not count.is_consecutive:
        return None
    # A gap larger than the number of orders since is not an outage: the numbering was restarted.
    max_gap_size = max(MIN_JUMP, count.known)
    gaps = sorted((gap for gap in count.gaps if gap.size <= max_gap_size), key=lambda gap: gap.first)
    return Numbering(series, count.known, count.first, count.last, tuple(gaps))


def subtract_known(gap: Gap, known: Collection[int]) -> Iterator[Gap]:
    """What is left of a gap when some of its numbers are known after all."""
    first = gap.first
    for number in sorted(known):
        if number > first:
            yield Gap(number - first, first)
        first = number + 1
    if first <= gap.last:
        yield Gap(gap.last - first + 1, first)
