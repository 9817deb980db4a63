"""Composes the messages of causes that are due: a cause, or the lines of one creator, in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.orm import Session

from config.among import among
from config.columns import UtcTime
from config.settings import Settings
from payouts.mail.alarms import (
    compose_about_books,
    compose_about_freeze,
    compose_about_parked,
    compose_about_silence,
)
from payouts.mail.lines import LINE_KINDS, compose_about_lines
from payouts.mail.post import Post
from payouts.mail.statements import compose_about_statement
from tracker.errors import NotNow
from tracker.mail.kinds import MailKind
from tracker.mail.models import MailCause

BATCH = 200
LATER = timedelta(minutes=5)
"""When a cause is looked at again whose message cannot be composed yet."""

Composer = Callable[[Post, MailCause], None]

COMPOSERS: Mapping[MailKind, Composer] = {
    MailKind.STATEMENT_READY: compose_about_statement,
    MailKind.STATEMENT_REMINDER: compose_about_statement,
    MailKind.STATEMENT_APPROVED: compose_about_statement,
    MailKind.PAYOUTS_FROZEN: compose_about_freeze,
    MailKind.BOOKS_UNBALANCED: compose_about_books,
    MailKind.SHOP_SILENT: compose_about_silence,
    MailKind.MESSAGES_PARKED: compose_about_parked,
}


def due_groups(session: Session, now: datetime) -> Sequence[Sequence[str]]:
    """Ids of causes that are due, in groups that become one message for each recipient."""
    query = (
        select(MailCause.id, MailCause.kind, MailCause.brand_id, MailCause.creator_id)
        .where(MailCause.composed_at.is_(None), MailCause.not_before <= now)
        .order_by(MailCause.not_before, MailCause.id)
        .limit(BATCH)
    )
    groups: dict[tuple[str | None, ...], list[str]] = {}
    for cause_id, kind, brand_id, creator_id in session.execute(query):
        if kind in LINE_KINDS:
            groups[brand_id, creator_id] = []
        else:
            groups[cause_id,] = [cause_id]
    creators = [str(key[1]) for key in groups if len(key) == 2]
    for cause_id, brand_id, creator_id in session.execute(_lines_due(), {"now": now, "creators": creators}):
        if (brand_id, creator_id) in groups:
            groups[brand_id, creator_id].append(cause_id)
    return [group for group in groups.values() if group]


@cache
def _lines_due() -> Select[str, str | None, str | None]:
    """All causes about lines of some creators, however many there are. Parameters: `now`, `creators`."""
    return (
        select(MailCause.id, MailCause.brand_id, MailCause.creator_id)
        .where(
            MailCause.composed_at.is_(None),
            MailCause.not_before <= bindparam("now", type_=UtcTime()),
            MailCause.kind.in_([each.value for each in LINE_KINDS]),
            among(MailCause.creator_id, "creators"),
        )
        .order_by(MailCause.not_before, MailCause.id)
    )


def compose_group(session: Session, now: datetime, cause_ids: Sequence[str], *, settings: Settings) -> int:
    """Compose the messages of one group. Returns how many messages there were."""
    claimed = session.scalars(
        update(MailCause)
        .where(among(MailCause.id, "ids"), MailCause.composed_at.is_(None), MailCause.not_before <= now)
        .values(composed_at=now)
        .returning(MailCause.id)
        .execution_options(synchronize_session=False),
        {"ids": list(cause_ids)},
    ).all()
    causes = session.scalars(
        select(MailCause).where(among(MailCause.id, "ids")).order_by(MailCause.id), {"ids": list(claimed)}
    ).all()
    post = Post(session, now, settings)
    if causes and causes[0].kind in LINE_KINDS:
        compose_about_lines(post, causes)
        return post.queued
    for cause in causes:
        try:
            COMPOSERS[MailKind(cause.kind)](post, cause)
        except NotNow:
            cause.composed_at, cause.not_before = None, now + LATER
    session.flush()
    return post.queued
