"""Start of the checkout, where the shop reports it."""

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from tracker.sales.orders.models import Sale
from tracker.sales.reports.normal import SaleReport
from tracker.sales.reports.provider_reports import EvidenceReport


def note_checkout(session: Session, sale: Sale, report: SaleReport | EvidenceReport) -> None:
    """The earliest reported start wins, so the order of reports does not matter."""
    started_at = report.checkout_started_at
    known = sale.checkout_started_at
    if started_at is None or (known is not None and known <= started_at):
        return
    later = or_(Sale.checkout_started_at.is_(None), Sale.checkout_started_at > started_at)
    session.execute(update(Sale).where(Sale.id == sale.id, later).values(checkout_started_at=started_at))
