"""The jobs that compose and send e-mail."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog

from config.database import Databases, read_session, transact
from config.settings import Settings
from payouts.jobs.context import JobContext
from payouts.jobs.reasons import failed_result
from payouts.mail.due import compose_group, due_groups
from tracker.errors import NotNow
from tracker.mail.delivery.claims import end_expired
from tracker.mail.delivery.run import deliver
from tracker.mail.delivery.words import problem_words

log = structlog.get_logger(__name__)


def compose_mail(context: JobContext) -> dict[str, Any]:
    with read_session(context.databases.main) as session:
        groups = {group[0]: group for group in due_groups(session, context.now)}

    def compose(first_id: str) -> Any:
        group = groups[first_id]
        work = partial(compose_group, now=context.now, cause_ids=group, settings=context.settings)
        return context.write(work)

    done = context.each(groups, compose)
    return done.as_result(composed=sum(done.results.values()))


def send_between_slots(databases: Databases, settings: Settings) -> None:
    """Send what came after the job of this minute: each message is claimed by itself."""
    write, clock = partial(transact, databases.main), partial(datetime.now, UTC)
    done = deliver(databases.main, settings, write, clock)
    if done.failure is not None:
        log.warning("mail server failed", problem=done.failure.problem.value)


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
