"""Books a validated report: creates its rows. Unique keys ensure that each row is created once."""

from dataclasses import replace

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from tracker.errors import Conflict, Invalid, NotNow
from tracker.money import Money
from tracker.programs.policies import load_policies
from tracker.reasons import Reason
from tracker.sales.attribution.store_attributions import reattribute
from tracker.sales.booking.delivery import BookingResult, Delivery
from tracker.sales.booking.new_sales import NewSale, book_new_sales
from tracker.sales.booking.post_sale import PostSaleReport, book_post_sale
from tracker.sales.booking.repetitions import complete_sale, sale_differences
from tracker.sales.booking.supporting_claims import ClaimReport, book_claim
from tracker.sales.event_reasons import EventReason
from tracker.sales.event_texts import error_because
from tracker.sales.orders.amounts import amounts_of
from tracker.sales.orders.models import Sale
from tracker.sales.orders.references import (
    orders_by_reference,
    sale_by_order_id,
    sold_order_ids,
    store_references,
)
from tracker.sales.reports.normal import SaleReport
from tracker.sales.reports.provider_reports import (
    AnyReport,
    EvidenceReport,
    NoEffect,
    ReferenceReport,
    SameSaleReport,
)


def book(session: Session, delivery: Delivery, report: AnyReport) -> BookingResult:
    """Insert the rows of one report. The caller has locked the order.

    Raises NotNow when the sale is not booked yet, Conflict when the same id is booked with other content, and
    Invalid when the currency differs from the sale's.
    """
    if isinstance(report, NoEffect):
        return BookingResult((report.cause,))
    if isinstance(report, ReferenceReport):
        is_new_reference = _store_references(session, delivery, report)
        is_sold = sale_by_order_id(session, delivery.source, report.order_id) is not None
        return BookingResult(may_unpark=is_new_reference and is_sold)
    if isinstance(report, SaleReport):
        return _book_sale(session, delivery, report)
    sale = sale_by_order_id(session, delivery.source, report.order_id)
    if sale is None:
        raise error_because(NotNow, _waiting_reason(session, delivery, report.order_id))
    if _mode_differs(delivery, report, sale):
        parameters = {"order": sale.order_id, "order_is_test": sale.test}
        return BookingResult((Reason(EventReason.OTHER_MODE, parameters),))
    if isinstance(report, SameSaleReport):
        return _compare_totals(session, delivery, sale, report)
    if isinstance(report, EvidenceReport):
        return _book_evidence(session, delivery, sale, report)
    _require_currency(report, sale)
    if delivery.source.supports_id is None:
        return book_post_sale(session, delivery, sale, report)
    return _book_supporting_report(session, delivery, sale, report)


def _book_supporting_report(
    session: Session, delivery: Delivery, sale: Sale, report: PostSaleReport
) -> BookingResult:
    """Book a post-sale report of a supporting source, and store the names that it gives the order."""
    is_new_reference = store_references(
        session, delivery.now, delivery.source, delivery.event_id, sale.order_id, delivery.names
    )
    if isinstance(report, ClaimReport):
        booked = book_claim(session, delivery, sale, report)
    else:
        booked = book_post_sale(session, delivery, sale, report)
    return replace(booked, may_unpark=booked.may_unpark or is_new_reference)


def _require_currency(report: PostSaleReport, sale: Sale) -> None:
    currency = getattr(report, "currency", sale.currency)
    if currency != sale.currency:
        parameters = {"order": report.order_id, "currency": currency, "order_currency": sale.currency}
        reason = Reason(EventReason.CURRENCY_DIFFERS, parameters)
        raise error_because(Invalid, reason, field="currency")


def _mode_differs(delivery: Delivery, report: AnyReport, sale: Sale) -> bool:
    """Whether one is a test and the other is not: a test may have the number of a live order."""
    is_test = report.test if isinstance(report, SameSaleReport) else delivery.is_test
    return delivery.source.supports_id is not None and is_test is not None and is_test != sale.test


def _waiting_reason(session: Session, delivery: Delivery, name: str) -> Reason:
    """Why the event is parked: its sale is missing, or its payment belongs to several sold orders."""
    source, names = delivery.source, delivery.names or (name,)
    sold = delivery.ambiguous_order_ids or sold_order_ids(
        session, source, orders_by_reference(session, source, names)
    )
    if len(sold) > 1:
        return Reason(EventReason.SEVERAL_ORDERS, {"name": names[0], "orders": list(sold)})
    awaited = [name] if source.supports_id is None else list(names)
    return Reason(EventReason.WAITING_FOR_ORDER, {"names": awaited, "source": source.supports_id})


def _book_sale(session: Session, delivery: Delivery, report: SaleReport) -> BookingResult:
    source = delivery.source
    sale = sale_by_order_id(session, source, report.order_id)
    if sale is None:
        new = NewSale(delivery.event_id, delivery.now, report)
        policies = load_policies(session, source.brand_id)
        if book_new_sales(session, source, [new], policies, delivery.keys):
            return BookingResult(may_unpark=True)
        sale = sale_by_order_id(session, source, report.order_id)
        assert sale is not None, "another transaction has booked it since"
    return _book_repeated_sale(session, delivery, sale, report)


def _book_repeated_sale(
    session: Session, delivery: Delivery, sale: Sale, report: SaleReport
) -> BookingResult:
    """Book the evidence of a further report. Raises Conflict when it differs from what is booked."""
    is_new_reference = _store_references(session, delivery, report)
    if sale.payload_hash != report.content_hash:
        facts = report.facts()
        if found := sale_differences(sale, facts):
            parameters = {"order": report.order_id, "event": sale.event_id, "differences": found}
            raise error_because(Conflict, Reason(EventReason.SALE_DIFFERS, parameters))
        complete_sale(session, sale, facts)
    _store_checkout_start(session, sale, report)
    revision = reattribute(session, delivery.now, sale, report, delivery.keys)
    note = Reason(EventReason.ALREADY_BOOKED, {"event": sale.event_id, "revision": revision})
    return BookingResult((note,), may_unpark=is_new_reference)


def _compare_totals(
    session: Session, delivery: Delivery, sale: Sale, report: SameSaleReport
) -> BookingResult:
    """Book evidence for a sale that the primary source reports. A different total is only noted."""
    booked = _book_evidence(session, delivery, sale, report)
    reported = Money(report.total, report.currency)
    primary = Money(amounts_of(sale).total, sale.currency)
    if reported == primary:
        return booked
    note = Reason(EventReason.TOTAL_DIFFERS, {"reported": reported.as_json(), "primary": primary.as_json()})
    return replace(booked, notes=(*booked.notes, note))


def _book_evidence(session: Session, delivery: Delivery, sale: Sale, report: EvidenceReport) -> BookingResult:
    is_new_reference = _store_references(session, delivery, report)
    _store_checkout_start(session, sale, report)
    revision = reattribute(session, delivery.now, sale, report, delivery.keys)
    note = Reason(EventReason.NO_NEW_EVIDENCE)
    if revision:
        note = Reason(EventReason.NEW_EVIDENCE, {"revision": revision})
    return BookingResult((note,), may_unpark=is_new_reference)


def _store_references(
    session: Session, delivery: Delivery, report: SaleReport | EvidenceReport | ReferenceReport
) -> bool:
    return store_references(
        session, delivery.now, delivery.source, delivery.event_id, report.order_id, report.references
    )


def _store_checkout_start(session: Session, sale: Sale, report: SaleReport | EvidenceReport) -> None:
    """Keep the earliest reported start, so that the order of reports does not matter."""
    started_at = report.checkout_started_at
    known = sale.checkout_started_at
    if started_at is None or (known is not None and known <= started_at):
        return
    later = or_(Sale.checkout_started_at.is_(None), Sale.checkout_started_at > started_at)
    session.execute(update(Sale).where(Sale.id == sale.id, later).values(checkout_started_at=started_at))
