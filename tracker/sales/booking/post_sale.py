"""Books what happens to a sale after payment: refunds, disputes, cancellation. Each is booked once."""

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from tracker.errors import Conflict
from tracker.sales.booking.delivery import ALREADY_PREFIX, BookingResult, Delivery, record_once
from tracker.sales.orders.models import (
    Cancellation,
    CumulativeRefund,
    DisputeStatus,
    Refund,
    RefundFailure,
    Sale,
)
from tracker.sales.reports.normal import CancellationReport, DisputeReport, RefundReport
from tracker.sales.reports.provider_reports import RefundFailureReport, RefundLevelReport

PostSaleReport = RefundReport | RefundFailureReport | RefundLevelReport | CancellationReport | DisputeReport


def book_post_sale(session: Session, delivery: Delivery, sale: Sale, report: PostSaleReport) -> BookingResult:
    """Raises Conflict when the same id is booked with other content."""
    if isinstance(report, CancellationReport):
        return _book_cancellation(session, delivery, sale, report)
    if isinstance(report, RefundFailureReport):
        return _book_refund_failure(session, delivery, sale, report)
    if isinstance(report, RefundReport):
        return _book_refund(session, delivery, sale, report)
    if isinstance(report, RefundLevelReport):
        return _book_cumulative_refund(session, delivery, sale, report)
    return _book_dispute(session, delivery, sale, report)


def _book_refund(session: Session, delivery: Delivery, sale: Sale, report: RefundReport) -> BookingResult:
    is_new = record_once(
        session,
        delivery,
        Refund,
        "ref",
        sale,
        report.occurred_at,
        refund_id=report.refund_id,
        amount=report.amount,
        tax=report.tax,
        shipping=report.shipping,
        reason=report.reason,
        payload_hash=report.content_hash,
    )
    if is_new:
        return BookingResult(may_unpark=True)
    known = session.execute(
        select(Refund.event_id, Refund.payload_hash).where(
            Refund.sale_id == sale.id, Refund.refund_id == report.refund_id
        )
    ).one()
    return _already_booked(
        known, report.content_hash, f"Refund {report.refund_id} of order {report.order_id}"
    )


def _book_refund_failure(
    session: Session, delivery: Delivery, sale: Sale, report: RefundFailureReport
) -> BookingResult:
    is_new = record_once(
        session,
        delivery,
        RefundFailure,
        "rff",
        sale,
        report.occurred_at,
        refund_id=report.refund_id,
    )
    if is_new:
        return BookingResult(may_unpark=True)
    return BookingResult(note=f"refund {report.refund_id} is known to have failed")


def _book_cumulative_refund(
    session: Session, delivery: Delivery, sale: Sale, report: RefundLevelReport
) -> BookingResult:
    is_new = record_once(
        session,
        delivery,
        CumulativeRefund,
        "rfl",
        sale,
        report.occurred_at,
        payment_id=report.payment_id,
        amount=report.amount,
    )
    if is_new:
        return BookingResult(may_unpark=True)
    return BookingResult(note=f"known: {report.amount} of {report.payment_id} went back")


def _book_dispute(session: Session, delivery: Delivery, sale: Sale, report: DisputeReport) -> BookingResult:
    is_new = record_once(
        session,
        delivery,
        DisputeStatus,
        "dsp",
        sale,
        report.occurred_at,
        dispute_id=report.dispute_id,
        status=report.status,
        amount=report.amount,
        payload_hash=report.content_hash,
    )
    if is_new:
        return BookingResult(may_unpark=True)
    known = session.execute(
        select(DisputeStatus.event_id, DisputeStatus.payload_hash).where(
            DisputeStatus.sale_id == sale.id,
            DisputeStatus.dispute_id == report.dispute_id,
            DisputeStatus.status == report.status,
        )
    ).one()
    what = f"Dispute {report.dispute_id} ({report.status}) of order {report.order_id}"
    return _already_booked(known, report.content_hash, what)


def _already_booked(known: Row[str, str], content_hash: str, what: str) -> BookingResult:
    if known.payload_hash != content_hash:
        raise Conflict(f"{what} is booked already by {known.event_id}, with other content.")
    return BookingResult(note=f"{ALREADY_PREFIX}booked by {known.event_id}")


def _book_cancellation(
    session: Session, delivery: Delivery, sale: Sale, report: CancellationReport
) -> BookingResult:
    """A second cancellation changes nothing, whatever its time."""
    is_new = record_once(
        session,
        delivery,
        Cancellation,
        "can",
        sale,
        report.occurred_at,
    )
    if is_new:
        return BookingResult(may_unpark=True)
    event_id = session.scalar(select(Cancellation.event_id).where(Cancellation.sale_id == sale.id))
    return BookingResult(note=f"{ALREADY_PREFIX}cancelled by {event_id}")
