"""Passes the lines of a file to the inbox and returns their outcomes. Never commits."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from tracker.errors import Conflict
from tracker.sales.event_reasons import REPETITIONS, EventReason
from tracker.sales.event_texts import stored_reason
from tracker.sales.imports.columns import Line
from tracker.sales.imports.outcomes import Outcome, State
from tracker.sales.inbox.apply_or_park import RESULT_COLUMNS, ReceiveResult, receive_arrival, stored_result
from tracker.sales.inbox.models import UNAPPLIED, Event
from tracker.sales.inbox.pending import parsed_arrival
from tracker.sales.orders.references import sold_order_ids
from tracker.sales.reports.normal import SaleReport
from tracker.sales.sources.models import Source
from tracker.sales.sources.operations import get_source


def find_received(session: Session, source: Source, lines: Sequence[Line]) -> dict[str, ReceiveResult]:
    """The stored results of those lines that were imported before, by external id."""
    rows = session.execute(
        select(Event.external_id, *RESULT_COLUMNS).where(
            Event.source_id == source.id, Event.external_id.in_([line.external_id for line in lines])
        )
    )
    found = {row.external_id: stored_result(row) for row in rows}
    return {**found, **_waiting_without_code(session, source, lines, found)}


def book_lines(
    session: Session, now: datetime, source_id: str, lines: Sequence[Line], keys: Sequence[str]
) -> list[Outcome]:
    """Apply the lines; returns one outcome for each. Raises Conflict when the source was deleted.

    Lines are applied in the order of their order ids, so that concurrent imports lock orders in the same
    sequence.
    """
    source = get_source(session, source_id)
    if source.deleted_at is not None:
        raise Conflict(f"Source {source_id} was deleted; import into another source.")
    outcomes = []
    for line in sorted(lines, key=lambda line: line.report.order_id):
        arrival = parsed_arrival(now, source, line.external_id, line.body, line.message, (line.report,))
        received = receive_arrival(session, arrival, keys)
        outcomes.append(_outcome(line.number, received))
    return outcomes


def count_waiting_since(session: Session, source_id: str, since: datetime) -> int:
    """How many lines that were received at or after `since` still wait for their order."""
    query = select(Event.reason, Event.reason_code, Event.reason_parameters).where(
        Event.source_id == source_id,
        Event.state == "parked",
        Event.received_at >= since,
        Event.reason_code == EventReason.WAITING_FOR_ORDER,
    )
    rows = session.execute(query.execution_options(yield_per=1000))
    return sum(stored_reason(*row)["reason_code"] == EventReason.WAITING_FOR_ORDER for row in rows)


def duplicate_outcome(number: int, received: ReceiveResult) -> Outcome:
    """The outcome of a line that was stored before: conflict while a person must decide, else known.

    A line that waits for its order is known.
    """
    is_undecided = received.state in UNAPPLIED and not _is_waiting(received)
    return Outcome(number, "conflict" if is_undecided else "known", received.reason, received.event_id)


def _waiting_without_code(
    session: Session, source: Source, lines: Sequence[Line], found: Mapping[str, ReceiveResult]
) -> dict[str, ReceiveResult]:
    """Those of the found lines that wait for their order and were parked before reasons had codes.

    A refund, cancellation or dispute that is parked waits as long as its order is not sold: if it were
    applied again now, it would be parked with this code.
    """
    order_ids = {
        line.external_id: line.report.order_id
        for line in lines
        if (received := found.get(line.external_id)) is not None
        and (received.state, received.reason_code) == ("parked", None)
        and not isinstance(line.report, SaleReport)
    }
    if not order_ids:
        return {}
    sold = sold_order_ids(session, source, list(order_ids.values()))
    return {
        external_id: replace(found[external_id], reason_code=EventReason.WAITING_FOR_ORDER)
        for external_id, order_id in order_ids.items()
        if order_id not in sold
    }


def _outcome(number: int, received: ReceiveResult) -> Outcome:
    if received.duplicate:
        return duplicate_outcome(number, received)
    state: State = "conflict"
    if received.state == "applied":
        state = "known" if received.reason_code in REPETITIONS else "new"
    elif _is_waiting(received):
        state = "waiting"
    return Outcome(number, state, received.reason, received.event_id)


def _is_waiting(received: ReceiveResult) -> bool:
    return received.reason_code == EventReason.WAITING_FOR_ORDER
