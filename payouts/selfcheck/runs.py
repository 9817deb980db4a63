"""Runs of the self-check: from the marks on, or everything. Entry point: it opens the transactions.

A run reads page by page, each in a short read, and records marks when it found no fault of the books.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from config.database import read_session, transact
from config.settings import Settings
from payouts.ledger.checks import BooksSoFar, Finding, Reads
from payouts.selfcheck.audit_marks import check_audit, record_audit_marks
from payouts.selfcheck.checks import CheckResult, Promise, Start, check_books
from payouts.selfcheck.marks import (
    MarkFound,
    books_at,
    changed_balances,
    find_mark,
    marks_as_evidence,
    record_mark,
)
from payouts.selfcheck.models import Mark
from tracker.clicks.counting.day_checks import day_faults
from tracker.errors import Fault
from tracker.evidence_key import EvidenceKey, load_evidence_key
from tracker.people.accounts.models import Brand

RENEW_AFTER = timedelta(hours=20)
"""A mark of a brand in whose books nothing happens is made again after this time, not at each check."""

Write = Callable[[Callable[[Session], Any]], Any]
"""Runs its argument in one write transaction, as `transact` does."""


@dataclass(frozen=True)
class CheckRun:
    """What a check found, and by brand the mark at which it started, if it did not check everything."""

    result: CheckResult
    found: Mapping[str, MarkFound]

    @property
    def marks(self) -> list[Mark]:
        return [each.mark for each in self.found.values() if each.mark is not None]

    @property
    def is_full(self) -> bool:
        return not self.marks


def run_check(
    engine: Engine,
    settings: Settings,
    now: datetime,
    *,
    full: bool = False,
    reads: Reads | None = None,
    write: Write | None = None,
    clicks: Reads | None = None,
) -> CheckRun:
    """Check what came since each brand's mark, or everything where there is no mark that can be trusted.

    `full`: everything, whatever the marks say. `reads` and `write` open the transactions of a job;
    `clicks` opens reads of the click database, without which visits are not checked.
    """
    reads, write = reads or partial(read_session, engine), write or partial(transact, engine)
    key = load_evidence_key(settings.home)
    with reads() as session:
        brands = list(session.scalars(select(Brand.id).order_by(Brand.id)))
    starts: dict[str, Start] = {}
    marks: dict[str, MarkFound] = {}
    for brand_id in brands:
        with reads() as session:
            starts[brand_id], marks[brand_id] = _start(session, now, brand_id, key, full=full)
    result = check_books(reads, now, starts)
    if full and not result.faults_of_books:
        result.add_faults_of_books(_check_since_marks(reads, now, brands, key))
    if clicks is not None:
        swept = [brand_id for brand_id, start in starts.items() if start.since is None]
        result.add(Promise.PAGES, _visits(reads, clicks, swept))
    for found in marks.values():
        result.add(Promise.MARKS, found.faults)
    _check_audit(reads, write, result, key, now, full=full)
    run = CheckRun(result, marks)
    _record(write, run, key, now)
    return run


def require_consistent_books(engine: Engine, settings: Settings, now: datetime) -> None:
    """Raises Fault, which freezes payouts, when the self-check finds anything."""
    findings = run_check(engine, settings, now).result.stopping_payouts
    if findings:
        more = f" and {len(findings) - 1} more" if len(findings) > 1 else ""
        raise Fault(
            f"Payouts are frozen: {findings[0].message}{more}. Nothing was sent. Run: linkledger check"
        )


def _check_audit(
    reads: Reads, write: Write, result: CheckResult, key: EvidenceKey, now: datetime, *, full: bool
) -> None:
    findings, new_marks = check_audit(reads, key, now, full=full)
    result.add(Promise.AUDIT, findings)
    if new_marks:
        write(partial(record_audit_marks, marks=new_marks, now=now))


def _visits(reads: Reads, clicks: Reads, brands: Sequence[str]) -> Iterator[Finding]:
    for subject_id, message in day_faults(reads, clicks, brands):
        yield Finding("pages", subject_id, message)


def _start(
    session: Session, now: datetime, brand_id: str, key: EvidenceKey, *, full: bool
) -> tuple[Start, MarkFound]:
    """Where the check of a brand starts. A mark is evidence also for a check of everything."""
    beginning = Start(BooksSoFar(brand_id))
    if full:
        return beginning, marks_as_evidence(session, brand_id, key)
    found = find_mark(session, brand_id, key)
    if found.mark is None:
        return beginning, found
    books = books_at(session, found.mark)
    if books is None:
        return beginning, replace(found, mark=None, faults=[changed_balances(found.mark)])
    return Start(books, since=min(found.mark.made_at, now)), found


def _check_since_marks(reads: Reads, now: datetime, brands: Sequence[str], key: EvidenceKey) -> CheckResult:
    """A sweep takes long: what is changed after it was read, checks since a mark may have found meanwhile.

    The mark of the sweep would hide it from them.
    """
    starts = {}
    for brand_id in brands:
        with reads() as session:
            start, _found = _start(session, now, brand_id, key, full=False)
        if start.since is not None:
            starts[brand_id] = start
    return check_books(reads, now, starts)


def _record(write: Write, run: CheckRun, key: EvidenceKey, now: datetime) -> None:
    """Mark up to where the books were verified; or that a check of everything found faults.

    After faults that came since a mark nothing is recorded: the next check starts at the same mark.
    """
    findings = run.result.faults_of_books
    for books in run.result.ends:
        found = run.found[books.brand_id]
        mark = found.mark
        if findings and mark is not None:
            continue
        if mark is not None and mark.seq == books.seq and now - mark.made_at < RENEW_AFTER:
            continue
        write(
            partial(
                record_mark,
                key=key,
                books=books,
                made_at=now,
                since=now if mark is None else mark.since,
                findings=findings,
                last_number=found.last_number,
            )
        )
