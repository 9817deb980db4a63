"""The amounts of a sale: rules and documents read them here, and never from the row.

Later, further versions of an order can change what a sale amounts to; then only this module changes
(docs/decisions/0083).
"""

from collections.abc import Sequence
from typing import Any

from tracker.sales.orders.models import Sale
from tracker.sales.reports.sale_amounts import SaleAmounts

AMOUNT_COLUMNS = (
    Sale.total_minor,
    Sale.tax_minor,
    Sale.shipping_minor,
    Sale.cost_minor,
    Sale.discount_minor,
)
"""For queries that read columns of many sales: `amounts_of` takes such a row, too."""


def amounts_of(sale: Sale) -> SaleAmounts:
    """In minor units of the sale's currency."""
    return SaleAmounts(
        total=sale.total_minor,
        tax=sale.tax_minor,
        shipping=sale.shipping_minor,
        cost=sale.cost_minor,
        discount=sale.discount_minor,
    )


AMOUNT_COLUMNS = (Sale.total_minor, Sale.tax_minor, Sale.shipping_minor, Sale.cost_minor, Sale.discount_minor)
"""What a query that reads no whole rows reads for `amounts_from`."""


def amounts_from(columns: Sequence[Any]) -> SaleAmounts:
    """The amounts, from the values of AMOUNT_COLUMNS."""
    return SaleAmounts(*columns)
