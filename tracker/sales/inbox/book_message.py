"""Books all reports of one message."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from tracker.errors import Invalid
from tracker.reasons import Reason
from tracker.sales.booking.book import book
from tracker.sales.booking.delivery import Delivery
from tracker.sales.booking.supporting_claims import is_refund_claim, require_claims_covered
from tracker.sales.event_texts import combined, error_because
from tracker.sales.inbox.pending import PendingEvent
from tracker.sales.reports.provider_reports import with_order_id


def delivery_of(now: datetime, pending: PendingEvent, keys: Sequence[str]) -> Delivery:
    is_test = pending.message.is_test if pending.message else None
    names, ambiguous = pending.names, pending.ambiguous_order_ids
    return Delivery(now, pending.source, pending.event_id, keys, names, ambiguous, is_test)


def book_message(
    session: Session, now: datetime, pending: PendingEvent, keys: Sequence[str]
) -> tuple[Reason | None, bool]:
    """Why nothing was counted, if so, and whether parked events may have waited for this one.

    Raises LinkledgerError when one of the reports cannot be booked; the caller then rolls back all of them.
    """
    if pending.flaw is not None:
        raise error_because(Invalid, pending.flaw)
    reports = pending.reports
    if pending.found_order_id is not None:
        reports = tuple(with_order_id(report, pending.found_order_id) for report in reports)
    delivery = delivery_of(now, pending, keys)
    booked = [book(session, delivery, report) for report in reports]
    is_supporting = pending.source.supports_id is not None
    if is_supporting and pending.found_order_id and any(map(is_refund_claim, reports)):
        require_claims_covered(session, delivery, pending.found_order_id)
    notes = [note for each in booked for note in each.notes]
    return combined(notes), any(each.may_unpark for each in booked)
