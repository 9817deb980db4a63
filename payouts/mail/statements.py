"""Messages about statements: ready to review, a reminder, approved by itself."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from payouts.mail.facts import StatementFacts, largest_lines, statement_facts
from payouts.mail.people import approvers, look_of
from payouts.mail.post import Post
from payouts.statements.models import Statement
from payouts.statements.notices import REMINDER
from payouts.statements.silence import limit_of_one_person
from tracker.errors import NotNow
from tracker.language.formats import day_in, format_date, format_time
from tracker.language.texts import gettext as _
from tracker.language.texts import use_language
from tracker.mail.compose import compose
from tracker.mail.kinds import MailKind
from tracker.mail.models import MailCause

TEMPLATES: Mapping[MailKind, str] = {
    MailKind.STATEMENT_READY: "statement_ready",
    MailKind.STATEMENT_REMINDER: "statement_reminder",
    MailKind.STATEMENT_APPROVED: "statement_approved",
}


def compose_about_statement(post: Post, cause: MailCause) -> None:
    """To all owners and finance members of the brand. Raises NotNow while the rows are not written yet.

    Nothing where it has become pointless: a draft that was approved needs no review.
    """
    session, kind = post.session, MailKind(cause.kind)
    statement = session.get_one(Statement, cause.subject_id)
    if kind is not MailKind.STATEMENT_APPROVED and statement.state != "draft":
        return
    if statement.rows_state != "ready":
        raise NotNow("The lines of the statement are being written.")
    if kind is MailKind.STATEMENT_REMINDER and statement.review_ends_at - REMINDER > post.now:
        raise NotNow("The review ends later than was planned.")
    facts = statement_facts(session, statement)
    for to in approvers(session, facts.brand.id):
        with use_language(to.language):
            words = _words(post, facts)
        words |= {"to": to, "facts": facts, **_links(post, facts)}
        letter = compose(TEMPLATES[kind], to.language, look_of(session, facts.brand, post.web_url), **words)
        post.queue(letter, to, kind, brand_id=facts.brand.id, subject_id=statement.id)


def _words(post: Post, facts: StatementFacts) -> dict[str, Any]:
    """What depends on the language of the reader, or on the rules of the brand."""
    statement = facts.statement
    limit_minor = limit_of_one_person(post.session, post.now, statement)
    return {
        "period": period_name(facts.period),
        "deadline": format_time(facts.review_ends_at, facts.zone, with_zone=True),
        "pay_day": format_date(day_in(statement.pay_from, facts.zone)),
        "two_persons": limit_minor is not None and facts.pays.minor > limit_minor,
        "by_notice": post.needs_notice,
        "largest": largest_lines(post.session, statement),
        "rows": [
            (_("Opening"), "", facts.opening, False),
            (_("Earned"), "", facts.earned, False),
            (_("Reversed"), "", facts.reversed, False),
            (_("Adjustments"), "", facts.adjustments, False),
            (_("Payments"), "", facts.payments, False),
            (_("Closing"), "", facts.closing, True),
        ],
    }


def _links(post: Post, facts: StatementFacts) -> dict[str, str]:
    return {"brand_url": f"{post.web_url}/app/brands/{facts.brand.id}/"}


def period_name(name: str) -> str:
    """A month in words; a half month or a week by its name, such as 2026-W48."""
    year, _dash, month = name.partition("-")
    return format_date(date(int(year), int(month), 1), "month") if month.isdigit() else name
