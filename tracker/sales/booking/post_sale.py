"""What happened to a sale after it was paid: refunds, disputes, its cancellation. Each is booked once."""

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from tracker.errors import Conflict
from tracker.sales.booking.delivery import ALREADY, Booked, Delivery, record_once
from tracker.sales.orders.models import Cancellation, DisputeStatus, Refund, RefundFailure, RefundLevel, Sale
from tracker.sales.reports.normal import CancellationReport, DisputeReport, RefundReport
from tracker.sales.reports.provider_reports import RefundFailureReport, RefundLevelReport

Afterwards = RefundReport | RefundFailureReport | RefundLevelReport | CancellationReport | DisputeReport


def book_afterwards(session: Session, delivery: Delivery, sale: Sale, report: Afterwards) -> Booked:
    """Raises Conflict when the same id is booked with other content."""
    if isinstance(report, CancellationReport):
        return _book_cancellation(session, delivery, sale, report)
    if isinstance(report, RefundFailureReport):
        return _book_refund_failure(session, delivery, sale, report)
    if isinstance(report, RefundReport):
        return _book_refund(session, delivery, sale, report)
    if isinstance(report, RefundLevelReport):
        return _book_refund_level(session, delivery, sale, report)
    return _book_dispute(session, delivery, sale, report)


def _book_refund(session: Session, delivery: Delivery, sale: Sale, report: RefundReport) -> Booked:
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
        return Booked(wakes_others=True)
    known = session.execute(
        select(Refund.event_id, Refund.payload_hash).where(
            Refund.sale_id == sale.id, Refund.refund_id == report.refund_id
        )
    ).one()
    return _repeated(known, report.content_hash, f"Refund {report.refund_id} of order {report.order_id}")


def _book_refund_failure(
    session: Session, delivery: Delivery, sale: Sale, report: RefundFailureReport
) -> Booked:
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
        return Booked(wakes_others=True)
    return Booked(note=f"refund {report.refund_id} is known to have failed")


def _book_refund_level(session: Session, delivery: Delivery, sale: Sale, report: RefundLevelReport) -> Booked:
    is_new = record_once(
        session,
        delivery,
        RefundLevel,
        "rfl",
        sale,
        report.occurred_at,
        payment_id=report.payment_id,
        amount=report.amount,
    )
    if is_new:
        return Booked(wakes_others=True)
    return Booked(note=f"known: {report.amount} of {report.payment_id} went back")


def _book_dispute(session: Session, delivery: Delivery, sale: Sale, report: DisputeReport) -> Booked:
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
        return Booked(wakes_others=True)
    known = session.execute(
        select(DisputeStatus.event_id, DisputeStatus.payload_hash).where(
            DisputeStatus.sale_id == sale.id,
            DisputeStatus.dispute_id == report.dispute_id,
            DisputeStatus.status == report.status,
        )
    ).one()
    what = f"Dispute {report.dispute_id} ({report.status}) of order {report.order_id}"
    return _repeated(known, report.content_hash, what)


def _repeated(known: Row[str, str], content_hash: str, what: str) -> Booked:
    if known.payload_hash != content_hash:
        raise Conflict(f"{what} is booked already by {known.event_id}, with other content.")
    return Booked(note=f"{ALREADY}booked by {known.event_id}")


def _book_cancellation(
    session: Session, delivery: Delivery, sale: Sale, report: CancellationReport
) -> Booked:
    """A second one changes nothing, whatever its time: the order is off."""
    is_new = record_once(
        session,
        delivery,
        Cancellation,
        "can",
        sale,
        report.occurred_at,
    )
    if is_new:
        return Booked(wakes_others=True)
    event_id = session.scalar(select(Cancellation.event_id).where(Cancellation.sale_id == sale.id))
    return Booked(note=f"{ALREADY}cancelled by {event_id}")
