"""The totals of sales as they must be: computed from all rows, one sale after the other, without SQL sums."""

from collections import defaultdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import Databases, read_session
from payouts.commissions.entries import entries_of
from payouts.commissions.models import Commission
from payouts.commissions.worth.causes import causes_of
from payouts.commissions.worth.facts import Facts
from payouts.commissions.worth.refunds import refunded
from payouts.rollups.count_sales import SalesCount
from payouts.rollups.models import SaleDay, SaleMonth
from payouts.rollups.rules import FIGURES
from tests.cast.books import Books
from tracker.people.accounts.days import day_of
from tracker.people.accounts.rules_versions import load_rules
from tracker.sales.attribution.models import Attribution
from tracker.sales.orders.amounts import amounts_of
from tracker.sales.orders.models import Sale

Key = tuple[str, str, str, str, str]
"""Brand, scope, subject, currency, day or month."""
Figures = dict[Key, list[int]]


def stored(databases: Databases, model: type[SaleDay | SaleMonth] = SaleDay) -> Figures:
    """What the tables of totals have."""
    unit = "day" if model is SaleDay else "month"
    names = ("brand_id", "scope", "subject_id", "currency", unit)
    with read_session(databases.main) as session:
        return {
            tuple(getattr(row, name) for name in names): [getattr(row, name) for name in FIGURES]
            for row in session.scalars(select(model))
        }


def expected(databases: Databases) -> Figures:
    found: Figures = defaultdict(lambda: [0, 0, 0, 0, 0])
    with read_session(databases.main) as session:
        for sale in session.scalars(select(Sale).where(~Sale.test)):
            day = day_of(load_rules(session, sale.brand_id), sale.occurred_at)
            for scope, subject_id, figures in _of_sale(session, sale):
                key = (sale.brand_id, scope, subject_id, sale.currency, day)
                found[key] = [a + b for a, b in zip(found[key], figures, strict=True)]
    return dict(found)


def by_month(days: Figures) -> Figures:
    found: Figures = defaultdict(lambda: [0, 0, 0, 0, 0])
    for (*key, day), figures in days.items():
        month: Any = (*key, day[:7])
        found[month] = [a + b for a, b in zip(found[month], figures, strict=True)]
    return dict(found)


def _of_sale(session: Session, sale: Sale) -> list[tuple[str, str, list[int]]]:
    net = amounts_of(sale).net
    own = [int(net > 0), net, _refunded_net(session, sale)]
    found = [("all", sale.brand_id, [*own, 0, 0])]
    for commission in session.scalars(select(Commission).where(Commission.sale_id == sale.id)):
        entries = entries_of(session, commission.id)
        earned = sum(e.amount_after_minor - e.amount_before_minor for e in entries if e.kind == "accrue")
        left = entries[-1].amount_after_minor
        figures = [*(own if commission.live else [0, 0, 0]), earned, left]
        found += [
            ("all", sale.brand_id, [0, 0, 0, earned, left]),
            ("credited", sale.brand_id, figures),
            ("creator", commission.creator_id, figures),
        ]
        link_id = session.get_one(Attribution, commission.attribution_id).link_id
        if link_id is not None:
            found.append(("link", link_id, figures))
    return found


def _refunded_net(session: Session, sale: Sale) -> int:
    facts = Facts(amounts_of(sale))
    for cause in causes_of(session, sale.id):
        facts = cause.applied_to(facts)
    return refunded(facts.sale, facts.all_refunds(), cancelled=facts.cancelled).net


def sales_count(books: Books) -> SalesCount:
    """A count as a job runs it."""
    return SalesCount(books.databases.main, books.write)


def assert_totals_are_right(databases: Databases) -> None:
    days = expected(databases)
    assert stored(databases) == days
    assert stored(databases, SaleMonth) == by_month(days)
