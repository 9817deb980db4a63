"""Imports a file in batches. Entry point: opens short transactions, so that webhooks are not blocked.

After an interruption, import the same file again: lines that are stored already are skipped quickly.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.database import read_session, transact_timed
from config.locking.batch_size import LOCK_S, BatchSize
from tracker.people.accounts.operations import get_brand
from tracker.sales.booking.new_sales import MAX_AGE_BEFORE_BRAND, predates_brand
from tracker.sales.imports.booking_lines import (
    book_lines,
    count_waiting_since,
    duplicate_outcome,
    find_received,
)
from tracker.sales.imports.columns import Line
from tracker.sales.imports.outcomes import Outcome, Tally
from tracker.sales.imports.table import RejectedLine
from tracker.sales.imports.trial import DryRunState, dry_run_line
from tracker.sales.reports.normal import SaleReport
from tracker.sales.sources.models import Source
from tracker.times import format_utc

BATCH_LINES = 500
"""Lines that are read at once. They are booked in transactions that are bounded by time."""

Lines = Iterable[Line | RejectedLine]
OnOutcome = Callable[[Outcome, RejectedLine | None], None]
"""Called with the outcome of each line, and with the line itself when it was rejected."""


@dataclass(frozen=True)
class Import:
    """The target of an import. `clock` is read for each batch, because a large file takes long."""

    main: Engine
    source: Source
    keys: Sequence[str]
    clock: Callable[[], datetime]


def import_lines(run: Import, lines: Lines, on_outcome: OnOutcome) -> Tally:
    """Book each line exactly once, even over several imports. Raises Conflict when the source was deleted."""
    tally, started_at = Tally(), run.clock()
    size = BatchSize(LOCK_S[run.main.dialect.name], BATCH_LINES)
    for batch in _batches(_reject_predating(run, lines)):
        outcomes = _book_batch(run, [line for line in batch if isinstance(line, Line)], size)
        _report_outcomes(batch, outcomes, tally, on_outcome)
    with read_session(run.main) as session:
        tally.still_waiting(count_waiting_since(session, run.source.id, started_at))
    return tally


def dry_run_lines(run: Import, lines: Lines, on_outcome: OnOutcome) -> Tally:
    """What `import_lines` would do, from the booked rows and the lines of the file; writes nothing."""
    tally = Tally()
    with DryRunState() as dry_run_state:
        for batch in _batches(_reject_predating(run, lines)):
            with read_session(run.main) as session:
                valid_lines = [line for line in batch if isinstance(line, Line)]
                outcomes = {
                    line.number: dry_run_line(session, run.source, line, dry_run_state)
                    for line in valid_lines
                }
            _report_outcomes(batch, outcomes, tally, on_outcome)
        tally.still_waiting(dry_run_state.still_waiting())
    return tally


def _book_batch(run: Import, lines: Sequence[Line], size: BatchSize) -> dict[int, Outcome]:
    """Outcomes by line number. Lines that are stored already need no write transaction."""
    if not lines:
        return {}
    with read_session(run.main) as session:
        known = find_received(session, run.source, lines)
    outcomes = [
        duplicate_outcome(line.number, known[line.external_id]) for line in lines if line.external_id in known
    ]
    new_lines = [line for line in lines if line.external_id not in known]
    while new_lines:
        part, new_lines = new_lines[: size.rows], new_lines[size.rows :]
        outcomes += _book_part(run, part, size)
    return {outcome.number: outcome for outcome in outcomes}


def _book_part(run: Import, lines: Sequence[Line], size: BatchSize) -> list[Outcome]:
    """Book new lines in one transaction."""
    now = run.clock()

    def work(session: Session) -> list[Outcome]:
        return book_lines(session, now, run.source.id, lines, run.keys)

    outcomes, locked_s = transact_timed(run.main, work)
    size.note(len(lines), locked_s)
    return outcomes


def _report_outcomes(
    batch: Sequence[Line | RejectedLine], outcomes: dict[int, Outcome], tally: Tally, on_outcome: OnOutcome
) -> None:
    for line in batch:
        if isinstance(line, RejectedLine):
            outcome, rejected = Outcome(line.number, "rejected", line.reason), line
        else:
            outcome, rejected = outcomes[line.number], None
        tally.add(outcome.state)
        on_outcome(outcome, rejected)


def _reject_predating(run: Import, lines: Lines) -> Iterator[Line | RejectedLine]:
    """Reject sales from long before the brand was created: the inbox would only park them."""
    with read_session(run.main) as session:
        since = get_brand(session, run.source.brand_id).created_at
    for line in lines:
        report = line.report if isinstance(line, Line) else None
        if isinstance(report, SaleReport) and predates_brand(report, since):
            reason = (
                f"occurred_at is {format_utc(report.occurred_at)}, more than "
                f"{MAX_AGE_BEFORE_BRAND.days} days before the brand was created here ({format_utc(since)}); "
                "leave such sales out."
            )
            yield RejectedLine(line.number, line.cells, reason)
        else:
            yield line


def _batches(lines: Iterator[Line | RejectedLine]) -> Iterator[list[Line | RejectedLine]]:
    while batch := list(islice(lines, BATCH_LINES)):
        yield batch
