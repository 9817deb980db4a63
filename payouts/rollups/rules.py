"""What a sale and its commissions add to which totals of their day. Pure."""

from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Scope(StrEnum):
    """What a total is of. Its subject is the brand, the creator or the link.

    ALL: all sales of the brand; CREDITED: those of them that are credited to a creator.
    """

    ALL = "all"
    CREDITED = "credited"
    CREATOR = "creator"
    LINK = "link"


FIGURES = ("sales", "net_minor", "refunded_net_minor", "earned_minor", "commission_minor")


class Key(NamedTuple):
    """Whose totals of a day these are, in one currency."""

    scope: str
    subject_id: str
    currency: str


Totals = tuple[int, ...]
"""One number for each of FIGURES."""


class CountedSale(NamedTuple):
    """A sale that is no test, in minor units of its currency."""

    currency: str
    net_minor: int
    refunded_net_minor: int


class CountedCommission(NamedTuple):
    """A commission of such a sale. `earned_minor`: when it was booked; `left_minor`: after all changes."""

    creator_id: str
    link_id: str | None
    live: bool
    earned_minor: int
    left_minor: int


@dataclass
class DayTotals:
    """The totals of one brand's day, computed from `rows` rows."""

    brand_id: str
    day: str
    rows: int = 0
    totals: dict[Key, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * len(FIGURES)))

    def add_sale(self, sale: CountedSale) -> None:
        self._add(Key(Scope.ALL, self.brand_id, sale.currency), _figures_of(sale))

    def add_commission(self, sale: CountedSale, commission: CountedCommission) -> None:
        """What a commission earned counts for its creator and link; the sale only while it is live."""
        figures = _figures_of(sale) if commission.live else (0, 0, 0)
        money = (commission.earned_minor, commission.left_minor)
        self._add(Key(Scope.ALL, self.brand_id, sale.currency), (0, 0, 0, *money))
        self._add(Key(Scope.CREDITED, self.brand_id, sale.currency), (*figures, *money))
        self._add(Key(Scope.CREATOR, commission.creator_id, sale.currency), (*figures, *money))
        if commission.link_id is not None:
            self._add(Key(Scope.LINK, commission.link_id, sale.currency), (*figures, *money))

    def _add(self, key: Key, figures: Totals) -> None:
        row = self.totals[key]
        for position, figure in enumerate(figures):
            row[position] += figure


def _figures_of(sale: CountedSale) -> Totals:
    """A sale of 0 is none: it uses up nothing, and no conversion is made of it."""
    return (int(sale.net_minor > 0), sale.net_minor, sale.refunded_net_minor)


def month_of(day: str) -> str:
    return day[:7]
