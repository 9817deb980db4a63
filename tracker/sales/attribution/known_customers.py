"""Finds the earlier order that binds a known customer, and the later orders that this affects.

Two orders belong to the same customer when they share the shop's customer id, or the hash of the e-mail
address at any shop of the brand. The earliest order credited by a click or a code binds the customer; its
time of purchase counts, not the time of its report. An order credited by a binding does not bind later ones,
so there are no chains.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Row, and_, exists, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from tracker.programs.models import Enrollment
from tracker.programs.terms import terms_at
from tracker.sales.attribution.customer_binding import FIRST_SALE
from tracker.sales.attribution.evidence import Participation, ending_flaw, iso_time
from tracker.sales.attribution.inputs import Binding, Policy
from tracker.sales.attribution.models import Attribution
from tracker.sales.orders.locks import lock_customers
from tracker.sales.orders.models import Sale
from tracker.sales.reports.normal import SaleReport

_FirstSale = Row[
    str, str, datetime, str | None, str, str, str, datetime | None, datetime | None, datetime | None
]


def is_customer_identified(sale: Sale | SaleReport) -> bool:
    """Whether the shop reported anything that identifies the customer."""
    return sale.customer is not None or sale.customer_email_hash is not None


def lock_customers_of(session: Session, sales: Sequence[Sale]) -> None:
    """Lock the customers of these sales until the end of the transaction."""
    customer_ids = {(s.brand_id, s.namespace, s.customer) for s in sales if s.customer is not None}
    addresses = {(s.brand_id, s.customer_email_hash) for s in sales if s.customer_email_hash is not None}
    lock_customers(session, [*customer_ids, *addresses])


def find_binding(session: Session, sale: Sale, policy: Policy) -> Binding | None:
    """The earlier order that binds the customer of this sale; None without one, or if the policy ignores it.

    The caller has locked the customer.
    """
    if policy["customers"] == FIRST_SALE:
        return None
    first = _first_credited_sale(session, sale, _customer_filters(sale))
    if first is None:
        return None
    return Binding(
        namespace=first.namespace,
        order_id=first.order_id,
        at=iso_time(first.occurred_at),
        flaw=ending_flaw(
            Participation(first.ended_at, first.removed_at, first.readmitted_at),
            first.occurred_at,
            sale.occurred_at,
        ),
        link_id=first.link_id,
        enrollment_id=first.enrollment_id,
        creator_id=first.creator_id,
        terms_id=terms_at(session, first.program_id, sale.occurred_at).id,
    )


def sales_bound_by(session: Session, sale: Sale) -> Sequence[Sale]:
    """Later orders of the customer that this order may bind, oldest first.

    Identifiers that an earlier credited order also has are left out: that earlier order binds those sales.
    """
    filters = _customer_filters(sale)
    later = _same_customer(sale, filters, _sort_columns() > _sort_key_of(sale))
    if session.scalar(select(Sale.id).where(later).limit(1)) is None:
        return []
    unbound_filters = [each for each in filters if _first_credited_sale(session, sale, [each]) is None]
    if not unbound_filters:
        return []
    query = select(Sale).where(_same_customer(sale, unbound_filters, _sort_columns() > _sort_key_of(sale)))
    return session.scalars(query.order_by(Sale.occurred_at, Sale.namespace, Sale.order_id)).all()


def _first_credited_sale(
    session: Session, sale: Sale, filters: Sequence[ColumnElement[bool]]
) -> _FirstSale | None:
    """The earliest order before this one whose latest attribution has a click or a code."""
    newer = aliased(Attribution)
    query = (
        select(
            Sale.namespace,
            Sale.order_id,
            Sale.occurred_at,
            Attribution.link_id,
            Enrollment.id.label("enrollment_id"),
            Enrollment.creator_id,
            Enrollment.program_id,
            Enrollment.ended_at,
            Enrollment.removed_at,
            Enrollment.readmitted_at,
        )
        .join(Attribution, Attribution.sale_id == Sale.id)
        .join(Enrollment, Enrollment.id == Attribution.enrollment_id)
        .where(
            _same_customer(sale, filters, _sort_columns() < _sort_key_of(sale)),
            or_(Attribution.click_id.is_not(None), Attribution.coupon_id.is_not(None)),
            ~exists().where(newer.sale_id == Attribution.sale_id, newer.revision > Attribution.revision),
        )
        .order_by(Sale.occurred_at, Sale.namespace, Sale.order_id)
        .limit(1)
    )
    return session.execute(query).one_or_none()


def _customer_filters(sale: Sale) -> list[ColumnElement[bool]]:
    filters: list[ColumnElement[bool]] = []
    if sale.customer is not None:
        filters.append(and_(Sale.namespace == sale.namespace, Sale.customer == sale.customer))
    if sale.customer_email_hash is not None:
        filters.append(Sale.customer_email_hash == sale.customer_email_hash)
    return filters


def _same_customer(
    sale: Sale, filters: Sequence[ColumnElement[bool]], when: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Test orders match test orders only."""
    return and_(Sale.brand_id == sale.brand_id, Sale.test == sale.test, or_(*filters), when)


def _sort_columns() -> ColumnElement[tuple[datetime, str, str]]:
    """Columns that the shop reports. Our own ids would sort by the time of the report."""
    return tuple_(Sale.occurred_at, Sale.namespace, Sale.order_id)


def _sort_key_of(sale: Sale) -> tuple[datetime, str, str]:
    return (sale.occurred_at, sale.namespace, sale.order_id)
