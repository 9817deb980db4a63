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
from tracker.mail.digest import compose_digest, due_readers

log = structlog.get_logger(__name__)


def compose_mail(context: JobContext) -> dict[str, Any]:
    settings = context.settings
    with read_session(context.databases.main) as session:
        groups = {group[0]: group for group in due_groups(session, context.now)}
        readers = due_readers(session, context.now)

    def compose(first_id: str) -> Any:
        group = groups[first_id]
        work = partial(compose_group, now=context.now, cause_ids=group, settings=settings)
        return context.write(work)

    def digest(person_id: str) -> Any:
        work = partial(compose_digest, now=context.now, person_id=person_id)
        return context.write(partial(work, web_url=settings.web_url, keys=settings.secret_keys))

    done, digests = context.each(groups, compose), context.each(readers, digest)
    done.add_errors_of(digests)
    composed = sum(done.results.values()) + len(digests.results)
    return done.as_result(composed=composed)


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
