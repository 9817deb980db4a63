"""Runs single jobs as the scheduler does: with a claim, a lease, and batches that are bounded by time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bench.costs.meter import Meter
from config.database import Databases, transact
from config.settings import Settings
from payouts.jobs.claims import claim
from payouts.jobs.context import JobContext
from payouts.jobs.models import StartedBy
from payouts.processes import job_table
from payouts.selfcheck.runs import run_check
from payouts.transfers.sending.run import running_clock

IDLE_MINUTES = 3
TOTALS = ("sale-totals-all", "balance-copies", "analyze")
"""What pages need: the totals of sales, the balances, the statistics of the database."""


@dataclass(frozen=True)
class JobRuns:
    databases: Databases
    settings: Settings

    def context(self, name: str, now: datetime) -> JobContext:
        """Claim a run of its own."""
        clock, slot = running_clock(now), f"bench {now:%Y-%m-%dT%H:%M:%S.%f}"
        own = transact(self.databases.main, lambda s: claim(s, clock(), name, slot, StartedBy.PERSON))
        assert own is not None, "nobody else runs jobs here"
        return JobContext(self.databases, self.settings, now, own, clock)

    def work(self, context: JobContext, name: str) -> dict[str, Any]:
        """What the job of this name returns. Raises RuntimeError when it says that something failed."""
        job = next(each for each in job_table.JOBS if each.name == name)
        result = job.work(context)
        if "error" in result:
            raise RuntimeError(f"{name}: {result['error']}")
        return result

    def measure(self, name: str, now: datetime) -> dict[str, Any]:
        """Run a job once. `done`: the rows of its steps; `result`: what it reports."""
        context, meter = self.context(name, now), Meter(self.databases.main)
        meter.start()
        result = self.work(context, name)
        return meter.stop() | {"done": context.rows_done, "result": result}

    def measure_totals(self, now: datetime) -> dict[str, Any]:
        """Each of TOTALS once, by name."""
        return {name: self.measure(name, now) for name in TOTALS}

    def measure_idle(self, now: datetime) -> dict[str, Any]:
        """The jobs of a minute in which nothing is due, on average of some minutes."""
        every_minute = [job for job in job_table.JOBS if job.every <= job_table.MINUTE]
        job_table.JOBS = tuple(every_minute)  # type: ignore[assignment]
        job_table.tick(self.databases, self.settings, now)
        meter = Meter(self.databases.main)
        meter.start()
        for minute in range(1, IDLE_MINUTES + 1):
            job_table.tick(self.databases, self.settings, now + minute * timedelta(minutes=1))
        found = meter.stop()
        for name in ("cpu_s", "server_cpu_s", "wall_s", "statements"):
            found[name] = round(found[name] / IDLE_MINUTES, 4)
        return found | {"done": len(every_minute)}

    def measure_check(self, now: datetime, *, full: bool) -> dict[str, Any]:
        """The self-check from the last mark on, or with `full` of everything. `done`: the findings."""
        meter = Meter(self.databases.main)
        meter.start()
        run = run_check(self.databases.main, self.settings, now, full=full)
        return meter.stop() | {"done": len(run.result.in_order()), "marks": len(run.marks)}
