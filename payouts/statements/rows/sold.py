"""What is read of a commission for its line: values in the order of the columns of the queries. Pure."""

from typing import NamedTuple

from tracker.sales.reports.sale_amounts import SaleAmounts


class SoldCommission(NamedTuple):
    """A commission with its sale and attribution; `sold` are the amounts of the sale."""

    id: str
    creator_id: str
    sale_id: str
    live: bool
    base: str
    base_minor: int
    rate_bp: int
    rate_from: str
    amount_minor: int
    expected_pay_on: str | None
    release_at: str
    order_id: str
    occurred_at: str
    attribution_id: str
    click_id: str | None
    link_id: str | None
    coupon_id: str | None
    terms_id: str
    reason: str
    reason_code: str | None
    reason_parameters: str | None
    sold: SaleAmounts


class LineEntry(NamedTuple):
    """An entry of a commission."""

    commission_id: str
    line: int
    kind: str
    cause_id: str
    reason: str
    reason_code: str | None
    reason_parameters: str | None
    amount_before_minor: int
    amount_after_minor: int
    transaction_id: str | None
    at: str
