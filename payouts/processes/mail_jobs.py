"""The job that sends e-mail, and the look whether it has something to do."""

from datetime import datetime
from typing import Any

from config.database import Databases, read_session
from config.settings import Settings
from payouts.jobs.context import JobContext
from payouts.jobs.reasons import failed_result
from tracker.errors import NotNow
from tracker.mail.delivery.claims import anything_due, end_expired
from tracker.mail.delivery.run import deliver
from tracker.mail.delivery.words import problem_words


def has_mail(databases: Databases, settings: Settings, now: datetime) -> bool:
    """Whether a job of the lane has something to do: one query, every few seconds."""
    with read_session(databases.main) as session:
        return anything_due(session, now, can_send=bool(settings.smtp_url))


def send_mail(context: JobContext) -> dict[str, Any]:
    expired = context.write(lambda s: end_expired(s, context.clock()))
    done = deliver(context.databases.main, context.settings, context.write, context.clock)
    counts = {"sent": done.sent, "deferred": done.deferred, "refused": done.refused, "expired": expired}
    result = {name: count for name, count in counts.items() if count}
    if done.failure is None:
        return result
    reply = done.failure.reply
    code = f" ({reply.code})" if reply else ""
    return result | failed_result(NotNow(f"{problem_words(done.failure.problem)}{code}"))
