"""The expected commission of an order, computed with fractions and without the code under test."""

from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction


@dataclass
class Order:
    """What the shop has reported about one order. `refunds`: by id, the amount, tax and shipping."""

    order_id: str
    sold_at: datetime
    currency: str
    total: int
    tax: int
    shipping: int
    cost: int | None = None
    reported: bool = False
    clicks: int = 0
    refunds: dict[str, tuple[int, int | None, int | None]] = field(default_factory=dict)
    disputes: dict[str, tuple[datetime, int]] = field(default_factory=dict)
    cancelled: bool = False

    @property
    def net(self) -> int:
        return self.total - self.tax - self.shipping

    def is_lost(self) -> bool:
        lost, won = self.disputes.get("lost"), self.disputes.get("won")
        return lost is not None and (won is None or won[0] < lost[0])

    def commission(self, base: str, rate_bp: int) -> int:
        """In minor units, by docs/money.md 3."""
        back, net_back = self._refunded()
        if base == "gross":
            remaining = self.total - back
        else:
            whole = self.net if base == "net" else max(self.net - (self.cost or 0), 0)
            remaining = _half_up(Fraction(whole * (self.net - net_back), self.net)) if self.net else 0
        return _half_up(Fraction(remaining * rate_bp, 10_000))

    def _refunded(self) -> tuple[int, int]:
        """What was refunded of the total and of the net amount."""
        refunds = dict(self.refunds)
        if self.is_lost():
            refunds.setdefault("dispute", (self.disputes["lost"][1], None, None))
        stated = [each for each in refunds.values() if each[1] is not None or each[2] is not None]
        others = [each for each in refunds.values() if each[1] is None and each[2] is None]
        total = min(sum(each[0] for each in stated), self.total)
        net = min(sum(max(each[0] - (each[1] or 0) - (each[2] or 0), 0) for each in stated), self.net)
        unstated = min(sum(each[0] for each in others), self.total - total)
        if self.cancelled or total + unstated == self.total:
            return self.total, self.net
        share = Fraction(unstated * (self.net - net), self.total - total)
        return total + unstated, net + _half_up(share)


def _half_up(amount: Fraction) -> int:
    return int(amount + Fraction(1, 2))
