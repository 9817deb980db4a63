"""The amounts of one sale as a value. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SaleAmounts:
    """In minor units. `total` is what the shopper paid; `cost` is None when the shop did not send it."""

    total: int
    tax: int
    shipping: int
    cost: int | None = None
    discount: int = 0

    @property
    def net(self) -> int:
        return self.total - self.tax - self.shipping
