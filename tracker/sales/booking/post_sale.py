"""Books refunds, disputes and cancellations of a sale, each once."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Session

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


_TABLES: dict[type[PostSaleReport], tuple[type[DeclarativeBase], str]] = {
    RefundReport: (Refund, "ref"),
    RefundFailureReport: (RefundFailure, "rff"),
    RefundLevelReport: (CumulativeRefund, "rfl"),
    CancellationReport: (Cancellation, "can"),
    DisputeReport: (DisputeStatus, "dsp"),
}
"""The table of each report, and the prefix of its ids."""


def book_post_sale(session: Session, delivery: Delivery, sale: Sale, report: PostSaleReport) -> BookingResult:
    """Raises Conflict when the same id is booked with other content."""
    table, prefix = _TABLES[type(report)]
    if record_once(session, delivery, table, prefix, sale, report.occurred_at, **_values(report)):
        return BookingResult(may_unpark=True)
    return BookingResult(note=_repetition_note(session, sale, report))


def _values(report: PostSaleReport) -> dict[str, Any]:
    """The columns that only the table of this report has."""
    if isinstance(report, RefundReport):
        return {
            "refund_id": report.refund_id,
            "amount": report.amount,
            "tax": report.tax,
            "shipping": report.shipping,
            "reason": report.reason,
            "payload_hash": report.content_hash,
        }
    if isinstance(report, DisputeReport):
        return {
            "dispute_id": report.dispute_id,
            "status": report.status,
            "amount": report.amount,
            "payload_hash": report.content_hash,
        }
    if isinstance(report, RefundLevelReport):
        return {"payment_id": report.payment_id, "amount": report.amount}
    return {"refund_id": report.refund_id} if isinstance(report, RefundFailureReport) else {}


def _repetition_note(session: Session, sale: Sale, report: PostSaleReport) -> str:
    """The note of a report that is booked already. Raises Conflict when it was booked with other content.

    Any second cancellation changes nothing, even with another time: the order is cancelled already.
    """
    if isinstance(report, CancellationReport):
        event_id = session.scalar(select(Cancellation.event_id).where(Cancellation.sale_id == sale.id))
        return f"{ALREADY_PREFIX}cancelled by {event_id}"
    if isinstance(report, RefundFailureReport):
        return f"refund {report.refund_id} is known to have failed"
    if isinstance(report, RefundLevelReport):
        return f"known: {report.amount} of {report.payment_id} went back"
    if isinstance(report, RefundReport):
        columns = select(Refund.event_id, Refund.payload_hash)
        query = columns.where(Refund.sale_id == sale.id, Refund.refund_id == report.refund_id)
        subject = f"Refund {report.refund_id} of order {report.order_id}"
    else:
        query = select(DisputeStatus.event_id, DisputeStatus.payload_hash).where(
            DisputeStatus.sale_id == sale.id,
            DisputeStatus.dispute_id == report.dispute_id,
            DisputeStatus.status == report.status,
        )
        subject = f"Dispute {report.dispute_id} ({report.status}) of order {report.order_id}"
    booked = session.execute(query).one()
    if booked.payload_hash != report.content_hash:
        raise Conflict(f"{subject} is booked already by {booked.event_id}, with other content.")
    return f"{ALREADY_PREFIX}booked by {booked.event_id}"
