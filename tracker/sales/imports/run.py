"""Imports a file batch by batch. A door: it opens the transactions, short ones, so that shops need not wait.

What is stopped half-way is started again with the same file: lines that are here are known and cost little.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.database import read_session, transact
from tracker.people.accounts.operations import get_brand
from tracker.sales.booking.book import BEFORE_THE_BRAND
from tracker.sales.imports.booking_lines import as_seen, book_lines, seen_before, waiting_since
from tracker.sales.imports.columns import Line
from tracker.sales.imports.outcomes import Outcome, Tally
from tracker.sales.imports.table import Rejected
from tracker.sales.imports.trial import FileSoFar, try_line
from tracker.sales.reports.normal import SaleReport
from tracker.sales.sources.models import Source
from tracker.times import format_utc

BATCH = 100
"""Lines in one transaction: some tenths of a second, for which a shop's message may have to wait."""

Lines = Iterable[Line | Rejected]
Told = Callable[[Outcome, Rejected | None], None]
"""Is told what became of each line; of a rejected one also the line itself."""


@dataclass(frozen=True)
class Import:
    """Where lines go. `clock` is asked for each batch: a file of a million lines takes a while."""

    main: Engine
    source: Source
    keys: Sequence[str]
    clock: Callable[[], datetime]


def import_lines(run: Import, lines: Lines, told: Told) -> Tally:
    """Book the lines, each once, whatever was booked before. Raises Conflict when the source was deleted."""
    tally, started_at = Tally(), run.clock()
    for batch in _batches(_of_the_brands_time(run, lines)):
        _tell(batch, _booked(run, [line for line in batch if isinstance(line, Line)]), tally, told)
    with read_session(run.main) as session:
        tally.still_waiting(waiting_since(session, run.source.id, started_at))
    return tally


def try_lines(run: Import, lines: Lines, told: Told) -> Tally:
    """Say what `import_lines` would do, from what is booked now and from the file itself."""
    tally = Tally()
    with FileSoFar() as so_far:
        for batch in _batches(_of_the_brands_time(run, lines)):
            with read_session(run.main) as session:
                sound = [line for line in batch if isinstance(line, Line)]
                outcomes = {line.number: try_line(session, run.source, line, so_far) for line in sound}
            _tell(batch, outcomes, tally, told)
        tally.still_waiting(so_far.still_waiting())
    return tally


def _booked(run: Import, lines: Sequence[Line]) -> dict[int, Outcome]:
    """By line. Lines that were here before need no write transaction."""
    if not lines:
        return {}
    with read_session(run.main) as session:
        known = seen_before(session, run.source.id, lines)
    outcomes = [as_seen(line.number, known[line.external_id]) for line in lines if line.external_id in known]
    fresh = [line for line in lines if line.external_id not in known]
    if fresh:
        now = run.clock()

        def work(session: Session) -> list[Outcome]:
            return book_lines(session, now, run.source.id, fresh, run.keys)

        outcomes += transact(run.main, work)
    return {outcome.number: outcome for outcome in outcomes}


def _tell(batch: Sequence[Line | Rejected], outcomes: dict[int, Outcome], tally: Tally, told: Told) -> None:
    for line in batch:
        if isinstance(line, Rejected):
            outcome, rejected = Outcome(line.number, "rejected", line.reason), line
        else:
            outcome, rejected = outcomes[line.number], None
        tally.add(outcome.state)
        told(outcome, rejected)


def _of_the_brands_time(run: Import, lines: Lines) -> Iterator[Line | Rejected]:
    """A sale from long before the brand would be kept and not applied; of a file it is rather put right."""
    with read_session(run.main) as session:
        since = get_brand(session, run.source.brand_id).created_at
    for line in lines:
        if isinstance(line, Line) and isinstance(line.report, SaleReport):
            occurred_at = line.report.occurred_at
            if occurred_at < since - BEFORE_THE_BRAND:
                reason = (
                    f"occurred_at is {format_utc(occurred_at)}, more than {BEFORE_THE_BRAND.days} days before "
                    f"the brand was set up here ({format_utc(since)}); leave such sales out."
                )
                yield Rejected(line.number, line.cells, reason)
                continue
        yield line


def _batches(lines: Iterator[Line | Rejected]) -> Iterator[list[Line | Rejected]]:
    while batch := list(islice(lines, BATCH)):
        yield batch
