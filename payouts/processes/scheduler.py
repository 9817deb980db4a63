"""The scheduler process: APScheduler calls `job_table.tick` for each lane, which runs what is due."""

import signal
import sys
from datetime import UTC, datetime
from functools import partial

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from config.database import Databases, open_databases
from config.garbage_collection import tune_gc
from config.locking.turns import Turn
from config.logs import configure_logs
from config.schema import SchemaMismatch, require_current_schema
from config.settings import Settings, load_settings
from payouts.processes.job_table import Lane, tick
from payouts.processes.mail_lane import MailLane

TICK_INTERVAL_S = 15
"""How often due jobs are looked up. A job runs once per slot, whatever this interval is."""

STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})


def main() -> int:
    tune_gc()
    settings = load_settings()
    configure_logs(production=settings.env == "production")
    databases = open_databases(settings, Turn.JOBS)
    try:
        require_current_schema(databases)
    except SchemaMismatch as error:
        sys.stderr.write(f"linkledger: {error}\n")
        return 1
    scheduler = scheduler_of(databases, settings)
    # sigwait, not a handler: a handler could interrupt code that has a lock, and could run twice.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    mail = MailLane(databases, settings)
    scheduler.start()
    mail.start()
    signal.sigwait(STOP_SIGNALS)
    mail.stop()
    scheduler.shutdown(wait=True)
    databases.close()
    return 0


def scheduler_of(databases: Databases, settings: Settings) -> BackgroundScheduler:
    """A scheduler, not started yet, with a thread for each lane but that of mail (`MailLane`)."""
    lanes = [lane for lane in Lane if lane is not Lane.MAIL]
    executors = {lane.value: ThreadPoolExecutor(1) for lane in lanes}
    scheduler = BackgroundScheduler(timezone=UTC, executors=executors)
    for lane in lanes:
        scheduler.add_job(
            partial(_tick, databases, settings, lane),
            IntervalTrigger(seconds=TICK_INTERVAL_S, timezone=UTC),
            executor=lane.value,
            next_run_time=datetime.now(UTC),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
    return scheduler


def _tick(databases: Databases, settings: Settings, lane: Lane) -> None:
    tick(databases, settings, datetime.now(UTC), lane)


if __name__ == "__main__":
    sys.exit(main())
