"""Finds missing numbers in a shop's sequence of order numbers. Pure.

Some shops number their orders consecutively (Shopify's #1001). In others, orders share a sequence with other
objects (WooCommerce: with all posts), so gaps are normal. Missing orders can only be found in the former.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heappush, heappushpop

MIN_ORDERS = 20
"""With fewer orders, it is unknown whether the numbers are consecutive."""

MAX_GAPS = 100
"""Only the largest gaps are kept."""

MAX_SERIES = 20
"""Series differ in the text around their number; with more series, the names are not numbers."""

MIN_JUMP = 1000
"""Smaller gaps never count as a restart of the numbering."""

LONG_GAP_SIZE = 5
"""A gap of this size raises an alarm; smaller gaps are mostly orders that were never paid."""

_NAME = re.compile(r"((?:.*[^0-9])?)(0*)([0-9]{1,15})([^0-9]*)", re.DOTALL)


@dataclass(frozen=True)
class Series:
    """The text before and after the number; `digits` is its length if padded with zeros, else 0."""

    before: str
    after: str
    digits: int

    def name(self, number: int) -> str:
        """The name of the order with this number."""
        return f"{self.before}{number:0{self.digits}d}{self.after}"


@dataclass(frozen=True, order=True)
class Gap:
    """Numbers from `first` to `last`, inclusive, that were never reported."""

    size: int
    first: int

    @property
    def last(self) -> int:
        return self.first + self.size - 1

    def numbers(self) -> range:
        return range(self.first, self.last + 1)


@dataclass(frozen=True)
class Numbering:
    """A consecutive series from `first` to `last`; `known` orders were reported. `gaps` are ascending."""

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
    """Counts the numbers of one series, given in ascending order."""

    first: int
    last: int
    known: int = 1
    consecutive_steps: int = 0
    gaps: list[Gap] = field(default_factory=list)

    def add(self, number: int) -> None:
        if number <= self.last:
            return  # the order was counted before
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
        """At least four of five numbers follow directly on the one before; an outage is one exception."""
        return self.known >= MIN_ORDERS and 5 * self.consecutive_steps >= 4 * (self.known - 1)


def numbering(names: Iterable[str]) -> Numbering | None:
    """The series with the most orders, with its gaps; None when it is not numbered consecutively.

    `names` must be sorted by length, then as strings, so that numbers ascend. Uses bounded memory.
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
    # A gap larger than the number of known orders is not an outage: the numbering was restarted elsewhere.
    max_gap_size = max(MIN_JUMP, count.known)
    gaps = sorted((gap for gap in count.gaps if gap.size <= max_gap_size), key=lambda gap: gap.first)
    return Numbering(series, count.known, count.first, count.last, tuple(gaps))


def subtract_known(gap: Gap, known: Collection[int]) -> Iterator[Gap]:
    """The gaps that remain of `gap` when the numbers in `known` are not missing."""
    first = gap.first
    for number in sorted(known):
        if number > first:
            yield Gap(number - first, first)
        first = number + 1
    if first <= gap.last:
        yield Gap(gap.last - first + 1, first)
