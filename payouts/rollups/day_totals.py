"""Computes the totals of a brand's day from the rows about its sales: sales, entries, refunds, disputes."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, case, func, select, union
from sqlalchemy.orm import Session

from payouts.commissions.models import Commission, Entry
from payouts.commissions.worth.causes import causes_of_sales
from payouts.commissions.worth.facts import Facts
from payouts.commissions.worth.refunds import refunded
from payouts.rollups.recorded import CAUSES
from payouts.rollups.rules import CountedCommission, CountedSale, DayTotals
from tracker.people.accounts.brand_rules import BrandRules
from tracker.people.accounts.days import spans_of_day
from tracker.sales.attribution.models import Attribution
from tracker.sales.orders.amounts import AMOUNT_COLUMNS, amounts_from
from tracker.sales.orders.models import Sale
from tracker.sales.reports.sale_amounts import SaleAmounts

_STREAMED = {"yield_per": 1000}
_SALES_PER_QUERY = 500


def day_totals(session: Session, brand_id: str, rules: BrandRules, day: str) -> DayTotals:
    """Everything in the session's snapshot; the memory depends on the number of sales of the day."""
    found = DayTotals(brand_id, day)
    for start, end in spans_of_day(rules, day):
        _add_span(session, found, {"brand_id": brand_id, "start": start, "end": end})
    return found


def _add_span(session: Session, found: DayTotals, span: Mapping[str, Any]) -> None:
    amounts = {
        identifier: (currency, amounts_from(values))
        for identifier, currency, *values in session.execute(_sales(), span, execution_options=_STREAMED)
    }
    refunded_net, causes = _refunded_net_minor(session, span, amounts)
    sales = {
        identifier: CountedSale(currency, each.net, refunded_net.get(identifier, 0))
        for identifier, (currency, each) in amounts.items()
    }
    found.rows += len(sales) + causes
    for sale in sales.values():
        found.add_sale(sale)
    commissions = session.execute(_commissions(), span, execution_options=_STREAMED)
    for sale_id, entries, creator_id, link_id, live, earned, left in commissions:
        found.rows += entries
        booked = CountedCommission(creator_id, link_id, live, int(earned), int(left))
        found.add_commission(sales[sale_id], booked)


def _refunded_net_minor(
    session: Session, span: Mapping[str, Any], sales: Mapping[str, tuple[str, SaleAmounts]]
) -> tuple[dict[str, int], int]:
    """By sale: the net amount that went back, also after the time in which a program takes back.

    Also the number of rows that say so.
    """
    found, rows = {}, 0
    reported = session.scalars(_with_causes(), span).all()
    for first in range(0, len(reported), _SALES_PER_QUERY):
        sale_ids = reported[first : first + _SALES_PER_QUERY]
        for sale_id, causes in causes_of_sales(session, sale_ids).items():
            rows += len(causes)
            facts = Facts(sales[sale_id][1])
            for cause in causes:
                facts = cause.applied_to(facts)
            back = refunded(facts.sale, facts.all_refunds(), cancelled=facts.cancelled)
            found[sale_id] = back.net
    return found, rows


@cache
def _sales() -> Select[*tuple[Any, ...]]:
    """Sales of a brand that were paid in a time, without tests. Parameters: `brand_id`, `start`, `end`."""
    return select(Sale.id, Sale.currency, *AMOUNT_COLUMNS).where(*_of_span())


@cache
def _with_causes() -> Select[str]:
    """Those of these sales about which more was reported. Parameters: as before."""
    reported = union(
        *(select(table.sale_id).join(Sale, Sale.id == table.sale_id).where(*_of_span()) for table in CAUSES)
    ).subquery()
    return select(reported.c.sale_id)


@cache
def _commissions() -> Select[*tuple[Any, ...]]:
    """Their commissions: sale, number of entries, columns of CountedCommission. Parameters: as before.

    The link is that of the decision on which the commission stands now.
    """
    change = Entry.amount_after_minor - Entry.amount_before_minor
    earned = func.coalesce(func.sum(case((Entry.kind == "accrue", change))), 0)
    who = (Commission.creator_id, Attribution.link_id, Commission.live)
    return (
        select(Sale.id, func.count(), *who, earned, func.sum(change))
        .join(Commission, Commission.sale_id == Sale.id)
        .join(Attribution, Attribution.id == Commission.attribution_id)
        .join(Entry, Entry.commission_id == Commission.id)
        .where(*_of_span())
        .group_by(Sale.id, Commission.id, *who)
    )


def _of_span() -> tuple[Any, ...]:
    within = (Sale.occurred_at >= bindparam("start"), Sale.occurred_at < bindparam("end"))
    return (Sale.brand_id == bindparam("brand_id"), *within, ~Sale.test)
