"""Dry runs: compares every line with the booked rows and the lines before it, and writes nothing."""

import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime
from types import TracebackType
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from tracker.sales.booking.repetitions import refund_differs, sale_differences
from tracker.sales.imports.booking_lines import duplicate_outcome, find_received
from tracker.sales.imports.columns import Line
from tracker.sales.imports.outcomes import Outcome
from tracker.sales.orders.models import Cancellation, DisputeStatus, Refund, Sale
from tracker.sales.reports.normal import CancellationReport, DisputeReport, RefundReport, Report, SaleReport
from tracker.sales.sources.models import Source

_TABLES = (
    "create table reported (key text primary key, hash text, currency text, ordered_at text) without rowid",
    "create table waiting (order_id text)",
)


class DryRunState:
    """The reports of the lines before, in a temporary SQLite file: they may be too many for memory."""

    def __enter__(self) -> Self:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("begin")
        for table in _TABLES:
            self._database.execute(table)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def add(self, report: Report) -> None:
        """Remember a report; the first one with a key counts, and the first `ordered_at` that is told."""
        self._database.execute(
            "insert into reported values (?, ?, ?, ?) on conflict (key) do update "
            "set ordered_at = coalesce(ordered_at, excluded.ordered_at)",
            (_key(report), _hash_of_amounts(report), getattr(report, "currency", None), _ordered_at(report)),
        )

    def reported(self, report: Report) -> bool | None:
        """Whether the report contradicts those of earlier lines about the same, or None if there are none."""
        query = "select hash, ordered_at from reported where key = ?"
        found = self._database.execute(query, (_key(report),)).fetchone()
        if found is None:
            return None
        content_hash, known = found
        told = _ordered_at(report)
        return bool(content_hash != _hash_of_amounts(report) or (known and told and known != told))

    def currency(self, order_id: str) -> str | None:
        """The currency of an order that an earlier line reports, or None."""
        query = "select currency from reported where key = 'sale ' || ?"
        found = self._database.execute(query, (order_id,)).fetchone()
        return None if found is None else str(found[0])

    def add_waiting(self, order_id: str) -> None:
        self._database.execute("insert into waiting values (?)", (order_id,))

    def still_waiting(self) -> int:
        """How many waiting lines have no order in the file so far."""
        query = "select count(*) from waiting where 'sale ' || order_id not in (select key from reported)"
        return int(self._database.execute(query).fetchone()[0])


def dry_run_line(session: Session, source: Source, line: Line, dry_run_state: DryRunState) -> Outcome:
    """The outcome that importing the line would have; adds the line to `dry_run_state`."""
    known = find_received(session, source, [line]).get(line.external_id)
    if known is not None:
        return duplicate_outcome(line.number, known)
    report = line.report
    booked, contradicts = _find_booked(session, source, report), dry_run_state.reported(report)
    by = f" by {booked.event_id}" if booked is not None else ""
    if booked is not None or contradicts is not None:
        if not isinstance(report, CancellationReport) and (contradicts or (booked and booked.differs)):
            return Outcome(
                line.number, "conflict", f"{_subject(report)} is booked already{by}, with other content."
            )
        dry_run_state.add(report)
        return Outcome(line.number, "known", f"already booked{by}")
    if not isinstance(report, SaleReport):
        currency = getattr(report, "currency", None)
        order_currency = _currency_of_order(session, source, report.order_id, dry_run_state)
        if order_currency is None:
            dry_run_state.add_waiting(report.order_id)
            dry_run_state.add(report)
            return Outcome(line.number, "waiting", f"waiting for order {report.order_id}")
        if currency is not None and currency != order_currency:
            reason = f"currency is {currency}, but order {report.order_id} was paid in {order_currency}."
            return Outcome(line.number, "conflict", reason)
    dry_run_state.add(report)
    return Outcome(line.number, "new")


@dataclass(frozen=True)
class _Booked:
    """The event that booked a row under the ids of a report, and whether the report contradicts the row."""

    event_id: str
    differs: bool = False


def _find_booked(session: Session, source: Source, report: Report) -> _Booked | None:
    """Compares as booking does, so that the outcome is the same."""
    order = (
        Sale.brand_id == source.brand_id,
        Sale.namespace == source.namespace,
        Sale.order_id == report.order_id,
    )
    if isinstance(report, SaleReport):
        sale = session.scalars(select(Sale).where(*order)).one_or_none()
        if sale is None:
            return None
        return _Booked(sale.event_id, bool(sale_differences(sale, report.facts())))
    if isinstance(report, RefundReport):
        refunds = select(Refund, Sale.currency).join(Sale, Sale.id == Refund.sale_id)
        refunded = session.execute(refunds.where(*order, Refund.refund_id == report.refund_id)).one_or_none()
        if refunded is None:
            return None
        refund, currency = refunded
        return _Booked(refund.event_id, currency != report.currency or refund_differs(refund, report))
    if isinstance(report, DisputeReport):
        steps = select(DisputeStatus).join(Sale, Sale.id == DisputeStatus.sale_id)
        is_same = (DisputeStatus.dispute_id == report.dispute_id, DisputeStatus.status == report.status)
        step = session.scalars(steps.where(*order, *is_same)).one_or_none()
        if step is None:
            return None
        return _Booked(step.event_id, step.payload_hash != report.content_hash)
    # A second cancellation changes nothing, so its content is not compared.
    cancellations = select(Cancellation.event_id).join(Sale, Sale.id == Cancellation.sale_id)
    event_id = session.scalar(cancellations.where(*order))
    return None if event_id is None else _Booked(event_id)


def _currency_of_order(
    session: Session, source: Source, order_id: str, dry_run_state: DryRunState
) -> str | None:
    booked = session.scalar(
        select(Sale.currency).where(
            Sale.brand_id == source.brand_id, Sale.namespace == source.namespace, Sale.order_id == order_id
        )
    )
    return booked or dry_run_state.currency(order_id)


def _hash_of_amounts(report: Report) -> str:
    """The content hash of a line, without what may differ between reports of the same sale."""
    if isinstance(report, SaleReport):
        report = replace(report, ordered_at=None, version_at=None, customer=None, customer_email_hash=None)
    return report.content_hash


def _ordered_at(report: Report) -> str | None:
    """Of two reports that both tell it, it must be the same."""
    at: datetime | None = getattr(report, "ordered_at", None)
    return None if at is None else at.isoformat()


def _key(report: Report) -> str:
    if isinstance(report, RefundReport):
        return f"refund {report.order_id}\0{report.refund_id}"
    if isinstance(report, DisputeReport):
        return f"dispute {report.order_id}\0{report.dispute_id}\0{report.status}"
    return f"{'sale' if isinstance(report, SaleReport) else 'cancellation'} {report.order_id}"


def _subject(report: Report) -> str:
    if isinstance(report, RefundReport):
        return f"Refund {report.refund_id} of order {report.order_id}"
    if isinstance(report, DisputeReport):
        return f"Dispute {report.dispute_id} ({report.status}) of order {report.order_id}"
    return f"Order {report.order_id}"
