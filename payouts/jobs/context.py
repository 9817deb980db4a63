"""The context in which a job runs, and its result."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from config.settings import Settings
from payouts.jobs.claims import Claim, LeaseLost
from payouts.jobs.reasons import JOB_TEXTS, failure_reason
from tracker.errors import LinkledgerError
from tracker.people.accounts.models import Brand
from tracker.reasons import Reason

log = structlog.get_logger(__name__)


RENEW_AFTER_S = 5.0


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

    def write(self, work: Callable[[Session], Any]) -> Any:
        """Run `work` in one transaction that renews the lease first. Raises LeaseLost."""

        def guarded(session: Session) -> Any:
            self.guard(session)
            return work(session)

        return transact(self.databases.main, guarded)

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

    def run_in_batches(self, step: Callable[..., int], limit: int) -> "JobResult":
        """Run a step brand by brand until nothing is left, so that each transaction locks only one brand.

        `step` takes the session, `now`, a limit of rows and `brand_id`, and returns how many rows it did.
        """

        return self.each(self.brand_ids(), lambda brand_id: self.repeat(step, limit, brand_id))

    def repeat(self, step: Callable[..., int], limit: int, brand_id: str) -> int:
        """Run such a step for one brand until nothing is left. Returns how many rows it did."""
        total = 0
        while done := self.write(lambda s: step(s, self.now, limit, brand_id=brand_id)):
            total += int(done)
        return total

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

    def as_result(self, **result: Any) -> dict[str, Any]:
        if not self.errors:
            return result
        return result | {"error": "; ".join(self.errors), "error_reasons": self.error_reasons}
