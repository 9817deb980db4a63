"""Dry runs: compares every line with the booked rows and the lines before it, and writes nothing."""

import sqlite3
from types import TracebackType
from typing import Self

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from tracker.sales.imports.booking_lines import duplicate_outcome, find_received
from tracker.sales.imports.columns import Line
from tracker.sales.imports.outcomes import Outcome
from tracker.sales.orders.models import Cancellation, DisputeStatus, Refund, Sale
from tracker.sales.reports.normal import CancellationReport, DisputeReport, RefundReport, SaleReport
from tracker.sales.sources.models import Source

_TABLES = (
    "create table reported (key text primary key, hash text, currency text) without rowid",
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

    def add(self, key: str, content_hash: str, currency: str | None = None) -> None:
        """Remember a report; the first one with a key counts."""
        row = (key, content_hash, currency)
        self._database.execute("insert or ignore into reported values (?, ?, ?)", row)

    def reported(self, key: str) -> tuple[str, str | None] | None:
        """The content hash and currency of a report of an earlier line, or None."""
        found: tuple[str, str | None] | None = self._database.execute(
            "select hash, currency from reported where key = ?", (key,)
        ).fetchone()
        return found

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
    booked = session.execute(_booked_query(source, report)).one_or_none()
    key, currency = _key(report), getattr(report, "currency", None)
    hash_before = booked.payload_hash if booked is not None else (dry_run_state.reported(key) or (None,))[0]
    by = f" by {booked.event_id}" if booked is not None else ""
    if hash_before is not None:
        if hash_before == report.content_hash or isinstance(report, CancellationReport):
            return Outcome(line.number, "known", f"already booked{by}")
        return Outcome(
            line.number, "conflict", f"{_subject(report)} is booked already{by}, with other content."
        )
    if not isinstance(report, SaleReport):
        order_currency = _currency_of_order(session, source, report.order_id, dry_run_state)
        if order_currency is None:
            dry_run_state.add_waiting(report.order_id)
            dry_run_state.add(key, report.content_hash)
            return Outcome(line.number, "waiting", f"waiting for order {report.order_id}")
        if currency is not None and currency != order_currency:
            reason = f"currency is {currency}, but order {report.order_id} was paid in {order_currency}."
            return Outcome(line.number, "conflict", reason)
    dry_run_state.add(key, report.content_hash, currency)
    return Outcome(line.number, "new")


def _booked_query(
    source: Source, report: SaleReport | RefundReport | CancellationReport | DisputeReport
) -> Select[str, str]:
    """The content hash of the row that is booked under the report's ids, and its event."""
    order = (
        Sale.brand_id == source.brand_id,
        Sale.namespace == source.namespace,
        Sale.order_id == report.order_id,
    )
    if isinstance(report, SaleReport):
        return select(Sale.payload_hash, Sale.event_id).where(*order)
    if isinstance(report, RefundReport):
        refunds = select(Refund.payload_hash, Refund.event_id).join(Sale, Sale.id == Refund.sale_id)
        return refunds.where(*order, Refund.refund_id == report.refund_id)
    if isinstance(report, DisputeReport):
        steps = select(DisputeStatus.payload_hash, DisputeStatus.event_id)
        steps = steps.join(Sale, Sale.id == DisputeStatus.sale_id)
        return steps.where(
            *order, DisputeStatus.dispute_id == report.dispute_id, DisputeStatus.status == report.status
        )
    # A second cancellation changes nothing, so its content is not compared.
    cancellations = select(Cancellation.id.label("payload_hash"), Cancellation.event_id)
    return cancellations.join(Sale, Sale.id == Cancellation.sale_id).where(*order)


def _currency_of_order(
    session: Session, source: Source, order_id: str, dry_run_state: DryRunState
) -> str | None:
    booked = session.scalar(
        select(Sale.currency).where(
            Sale.brand_id == source.brand_id, Sale.namespace == source.namespace, Sale.order_id == order_id
        )
    )
    return booked or (dry_run_state.reported(f"sale {order_id}") or (None, None))[1]


def _key(report: SaleReport | RefundReport | CancellationReport | DisputeReport) -> str:
    if isinstance(report, RefundReport):
        return f"refund {report.order_id}\0{report.refund_id}"
    if isinstance(report, DisputeReport):
        return f"dispute {report.order_id}\0{report.dispute_id}\0{report.status}"
    return f"{'sale' if isinstance(report, SaleReport) else 'cancellation'} {report.order_id}"


def _subject(report: SaleReport | RefundReport | CancellationReport | DisputeReport) -> str:
    if isinstance(report, RefundReport):
        return f"Refund {report.refund_id} of order {report.order_id}"
    if isinstance(report, DisputeReport):
        return f"Dispute {report.dispute_id} ({report.status}) of order {report.order_id}"
    return f"Order {report.order_id}"
