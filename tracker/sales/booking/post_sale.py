"""Books refunds, disputes and cancellations of a sale, each once."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Session

from tracker.errors import Conflict
from tracker.money import Money
from tracker.reasons import Reason
from tracker.sales.booking.delivery import BookingResult, Delivery, record_once
from tracker.sales.booking.repetitions import complete_refund, refund_differs
from tracker.sales.event_reasons import EventReason
from tracker.sales.event_texts import error_because
from tracker.sales.orders.models import (
    Cancellation,
    CumulativeRefund,
    DisputeStatus,
    Refund,
    RefundFailure,
    Sale,
)
from tracker.sales.reports.normal import CancellationReport, DisputeReport, RefundReport
from tracker.sales.reports.provider_reports import (
    AskedDisputeReport,
    RefundFailureReport,
    RefundLevelReport,
    is_told_and_asked,
)

PostSaleReport = RefundReport | RefundFailureReport | RefundLevelReport | CancellationReport | DisputeReport


_TABLES: dict[type[PostSaleReport], tuple[type[DeclarativeBase], str]] = {
    RefundReport: (Refund, "ref"),
    RefundFailureReport: (RefundFailure, "rff"),
    RefundLevelReport: (CumulativeRefund, "rfl"),
    CancellationReport: (Cancellation, "can"),
    DisputeReport: (DisputeStatus, "dsp"),
    AskedDisputeReport: (DisputeStatus, "dsp"),
}
"""The table of each report, and the prefix of its ids."""


def book_post_sale(session: Session, delivery: Delivery, sale: Sale, report: PostSaleReport) -> BookingResult:
    """Raises Conflict when the same id is booked with other content."""
    table, prefix = _TABLES[type(report)]
    if record_once(session, delivery, table, prefix, sale, report.occurred_at, **_values(report)):
        return BookingResult(may_unpark=True)
    return BookingResult((_repetition_note(session, sale, report),))


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
            **report.parts(),
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


def _repetition_note(session: Session, sale: Sale, report: PostSaleReport) -> Reason:
    """The note of a report that is booked already. Raises Conflict when it was booked with other content.

    Any second cancellation changes nothing, even with another time: the order is cancelled already.
    """
    if isinstance(report, CancellationReport):
        event_id = session.scalar(select(Cancellation.event_id).where(Cancellation.sale_id == sale.id))
        return Reason(EventReason.ALREADY_CANCELLED, {"event": event_id})
    if isinstance(report, RefundFailureReport):
        return Reason(EventReason.REFUND_FAILURE_KNOWN, {"refund": report.refund_id})
    if isinstance(report, RefundLevelReport):
        amount = Money(report.amount, report.currency)
        parameters = {"payment": report.payment_id, "amount": amount.as_json()}
        return Reason(EventReason.CUMULATIVE_REFUND_KNOWN, parameters)
    return _same_content_note(session, sale, report)


def _same_content_note(session: Session, sale: Sale, report: RefundReport | DisputeReport) -> Reason:
    """Raises Conflict when it was booked with other content."""
    if isinstance(report, RefundReport):
        query = select(Refund).where(Refund.sale_id == sale.id, Refund.refund_id == report.refund_id)
        refund = session.scalars(query).one()
        event_id, differs = refund.event_id, refund_differs(refund, report)
        code, parameters = EventReason.REFUND_DIFFERS, {"refund": report.refund_id}
        if not differs:
            complete_refund(session, refund, report)
    else:
        steps = select(DisputeStatus.event_id, DisputeStatus.payload_hash, DisputeStatus.occurred_at).where(
            DisputeStatus.sale_id == sale.id,
            DisputeStatus.dispute_id == report.dispute_id,
            DisputeStatus.status == report.status,
        )
        event_id, payload_hash, booked_at = session.execute(steps).one()
        is_same = payload_hash == report.content_hash
        differs = not is_same and not is_told_and_asked(report, booked_at, payload_hash)
        code = EventReason.DISPUTE_DIFFERS
        parameters = {"dispute": report.dispute_id, "status": report.status}
    if differs:
        found = {**parameters, "order": report.order_id, "event": event_id}
        raise error_because(Conflict, Reason(code, found))
    return Reason(EventReason.ALREADY_BOOKED, {"event": event_id, "revision": None})
