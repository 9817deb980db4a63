"""The lane of mail: a thread that looks every few seconds whether a message is due, and sends it.

APScheduler needs fifty times as much for a call as such a look, so this lane has a thread of its own.
"""

from datetime import UTC, datetime
from functools import cache
from threading import Event, Thread
from typing import Any

import structlog
from sqlalchemy import Select, select

from config.database import Databases, read_connection
from config.locking.commits import commit_watch
from config.settings import Settings
from payouts.processes.job_table import Lane, tick
from payouts.processes.mail_jobs import send_between_slots
from tracker.mail.causes import next_cause
from tracker.mail.delivery.claims import next_delivery
from tracker.mail.digest import next_digest

INTERVAL_S = 3.0
"""A sign-in code has to arrive in seconds."""

log = structlog.get_logger(__name__)


class MailLook:
    """Whether a job of the lane has something to do. Used by one thread.

    It remembers when something is due next, and on SQLite reads that again only after a commit.
    """

    def __init__(self, databases: Databases, settings: Settings) -> None:
        self._engine, self._can_send = databases.main, bool(settings.smtp_url)
        self._commits = commit_watch(self._engine)
        self._is_known = False
        self._next_at: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Raises the database's errors; the next look reads again then."""
        if self._commits.has_changed() or not self._is_known:
            self._is_known = False
            self._next_at = self._read()
            self._is_known = True
        return self._next_at is not None and self._next_at <= now

    def close(self) -> None:
        self._commits.close()

    def _read(self) -> datetime | None:
        with read_connection(self._engine) as connection:
            times = connection.execute(_next_times(self._can_send)).one()
        return min((at for at in times if at is not None), default=None)


@cache
def _next_times(can_send: bool) -> Select[Any, Any, Any]:
    delivery = next_delivery(can_send=can_send).scalar_subquery()
    return select(next_cause().scalar_subquery(), next_digest().scalar_subquery(), delivery)


class MailLane:
    """The thread, from `start` to `stop`, which waits until the running job has ended."""

    def __init__(self, databases: Databases, settings: Settings) -> None:
        self._databases, self._settings = databases, settings
        self._look = MailLook(databases, settings)
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="mail")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._work()
            except Exception:
                log.exception("mail lane broke")
            self._stopping.wait(INTERVAL_S)
        self._look.close()

    def _work(self) -> None:
        now = datetime.now(UTC)
        if self._look.is_due(now):
            tick(self._databases, self._settings, now, Lane.MAIL)
            send_between_slots(self._databases, self._settings)
