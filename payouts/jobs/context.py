"""The context in which a job runs, and its result."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact, transact_timed
from config.locking.batch_size import LOCK_S, BatchSize
from config.settings import Settings
from payouts.jobs.claims import Claim, LeaseLost
from payouts.jobs.reasons import JOB_TEXTS, failure_reason
from tracker.errors import LinkledgerError
from tracker.people.accounts.models import Brand
from tracker.reasons import Reason

log = structlog.get_logger(__name__)


RENEW_AFTER_S = 5.0

Step = Callable[..., int]
"""Takes the session, `now`, a limit of rows and `brand_id`, and returns how many rows it did."""

Due = Callable[[Session], Sequence[str]]
"""Returns the ids of the brands for which a step has something to do. It only reads."""


@dataclass
class JobContext:
    """What a job needs to run.

    `now` is the same during the whole run; `clock` returns the current time, for leases and the age of keys.
    """

    databases: Databases
    settings: Settings
    now: datetime
    claim: Claim
    clock: Callable[[], datetime]
    renewed_s: float = field(default_factory=time.monotonic)
    rows_done: int = 0
    """Rows that the steps of this run have done."""
    batch_sizes: dict[Any, BatchSize] = field(default_factory=dict)

    def write(self, work: Callable[[Session], Any]) -> Any:
        """Run `work` in one transaction that renews the lease first. Raises LeaseLost."""
        return self._write_timed(work)[0]

    def _write_timed(self, work: Callable[[Session], Any]) -> tuple[Any, float]:
        """Also for how many seconds the transaction had its lock."""

        def guarded(session: Session) -> Any:
            self.guard(session)
            return work(session)

        return transact_timed(self.databases.main, guarded)

    def guard(self, session: Session) -> None:
        self.claim.guard(session, self.clock())

    def renew(self) -> None:
        """Renew the lease, at most every RENEW_AFTER_S, while the job works in another database.

        Raises LeaseLost.
        """
        if time.monotonic() - self.renewed_s >= RENEW_AFTER_S:
            transact(self.databases.main, self.guard)
            self.renewed_s = time.monotonic()

    def brand_ids(self) -> list[str]:
        with read_session(self.databases.main) as session:
            return list(session.execute(select(Brand.id).order_by(Brand.id)).scalars())

    def run_in_batches(self, step: Step, limit: int, due: Due | None = None) -> "JobResult":
        """Run a step brand by brand until nothing is left, so that each transaction locks only one brand.

        `due` finds the brands that have something to do, so that nothing is locked where there is nothing;
        without it, all brands are tried. The rest as `repeat`.
        """
        return self.each(self._due_brands(due), lambda brand_id: self.repeat(step, limit, brand_id, due))

    def repeat(self, step: Step, limit: int, brand_id: str, due: Due | None = None) -> int:
        """Run a step for one brand until nothing is left. Returns how many rows it did.

        The rows of a batch are adapted to the time for which it has its lock (`BatchSize`); `limit` is the
        most of one batch. After a batch that was not full, `due` says whether anything is left.
        """
        total, size = 0, self._batch_size(step, limit)
        while True:
            rows = size.rows
            done, locked_s = self._run_batch(step, rows, brand_id)
            size.note(done, locked_s)
            total += done
            self.rows_done += done
            if not done or (done < rows and due is not None and brand_id not in self._due_brands(due)):
                return total

    def _run_batch(self, step: Step, rows: int, brand_id: str) -> tuple[int, float]:
        return self._write_timed(lambda session: int(step(session, self.now, rows, brand_id=brand_id)))

    def _batch_size(self, step: Step, most_rows: int) -> BatchSize:
        """What earlier batches of the step have shown in this run, for any brand."""
        key = step.func if isinstance(step, partial) else step
        target_s = LOCK_S[self.databases.main.dialect.name]
        return self.batch_sizes.setdefault(key, BatchSize(target_s, most_rows))

    def _due_brands(self, due: Due | None) -> Sequence[str]:
        if due is None:
            return self.brand_ids()
        with read_session(self.databases.main) as session:
            return due(session)

    def each(self, names: Iterable[str], work: Callable[[str], Any]) -> "JobResult":
        """Call `work` with each name; a failure of one does not stop the others. Raises LeaseLost."""
        done = JobResult()
        for name in names:
            try:
                if result := work(name):
                    done.results[name] = result
            except LeaseLost:
                raise
            except LinkledgerError as error:
                done.add_error(name, failure_reason(error))
            except Exception as error:
                done.add_error(name, failure_reason(error))
                log.exception("job broke", subject=name)
        return done


@dataclass
class JobResult:
    """Results by name (id of a brand or statement), and the errors with their codes and parameters."""

    results: dict[str, Any] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    error_reasons: list[dict[str, Any]] = field(default_factory=list)

    def add_error(self, name: str, reason: Reason) -> None:
        columns = JOB_TEXTS.columns(reason)
        self.errors.append(f"{name}: {columns.pop('reason')}")
        self.error_reasons.append({"subject": name, **columns})

    def add_errors_of(self, other: "JobResult") -> None:
        self.errors += other.errors
        self.error_reasons += other.error_reasons

    def as_result(self, **result: Any) -> dict[str, Any]:
        if not self.errors:
            return result
        return result | {"error": "; ".join(self.errors), "error_reasons": self.error_reasons}
