"""The outbox as operators see it: who gets which message, what became of each, and why."""

from dataclasses import dataclass
from typing import Any

from flask import render_template, request, url_for

from config.database import read_session
from payouts.operator.blueprint import blueprint
from tracker.errors import Invalid, NotFound
from tracker.http.site import site
from tracker.language.texts import gettext as _
from tracker.mail.delivery.words import fate_words, problem_words
from tracker.mail.kind_words import kind_words
from tracker.mail.kinds import RULES, MailKind
from tracker.mail.models import Fate, MailMessage
from tracker.mail.outbox import Body, body_of
from tracker.mail.queries import PAGE, counts_by_state, get_message, list_messages
from tracker.people.access.page_guards import operator_page
from tracker.people.access.person import Person

_TONES = {Fate.SENT: "ok", Fate.DEFERRED: "warn", Fate.REFUSED: "bad", Fate.EXPIRED: "bad"}


@dataclass(frozen=True)
class ShownMessage:
    """A message with its words. `subject` is None where the content is secret or erased."""

    row: MailMessage
    kind: str
    fate: str
    tone: str
    problem: str | None

    @property
    def subject(self) -> str | None:
        return self.row.subject


@blueprint.get("/mail")
@operator_page("shows who gets which message, and what became of it")
def mail(person: Person) -> str:
    state, kind = _known(Fate, request.args.get("state")), _known(MailKind, request.args.get("kind"))
    before = request.args.get("before")
    with read_session(site().databases.main) as session:
        found = list_messages(session, state=state, kind=kind, before=before, limit=PAGE + 1)
        counts = counts_by_state(session)
    messages = [_shown(each) for each in found[:PAGE]]
    here = url_for("operator.mail", state=state, kind=kind)
    last = found[PAGE - 1].id if len(found) > PAGE else None
    return render_template(
        "operator/mail.html",
        messages=messages,
        tabs=_tabs(counts, kind),
        current=here,
        kind=kind_words(MailKind(kind)) if kind else None,
        all_kinds=url_for("operator.mail", state=state),
        newest=here if before else None,
        older=url_for("operator.mail", before=last, state=state, kind=kind) if last else None,
        zone=person.timezone or "UTC",
        has_smtp=bool(site().settings.smtp_url),
    )


@blueprint.get("/mail/<message_id>")
@operator_page("shows one message and what became of it; secret ones without their text")
def message(person: Person, message_id: str) -> str:
    """The HTML form is shown as its source: nothing in it is executed, and nothing is loaded."""
    with read_session(site().databases.main) as session:
        try:
            found = get_message(session, message_id)
        except (Invalid, NotFound):
            raise NotFound(_("There is no such message.")) from None
        body = _readable(found)
    return render_template(
        "operator/message.html",
        message=_shown(found),
        body=body,
        is_secret=_is_secret(found),
        zone=person.timezone or "UTC",
    )


def _tabs(counts: dict[str, int], kind: str | None) -> list[tuple[str, str, int]]:
    """All, then each state in which there is a message."""
    tabs = [(_("All"), url_for("operator.mail", kind=kind), sum(counts.values()))]
    for fate in Fate:
        if fate.value in counts:
            address = url_for("operator.mail", state=fate.value, kind=kind)
            tabs.append((fate_words(fate), address, counts[fate.value]))
    return tabs


def _shown(row: MailMessage) -> ShownMessage:
    known = next((kind for kind in MailKind if kind.value == row.kind), None)
    return ShownMessage(
        row,
        kind_words(known) if known else row.kind,
        fate_words(row.state),
        next((tone for fate, tone in _TONES.items() if fate.value == row.state), ""),
        problem_words(row.problem) if row.problem else None,
    )


def _readable(row: MailMessage) -> Body | None:
    """Not what lets its reader in: an operator of the pages may not have the keys of the machine."""
    return None if _is_secret(row) else body_of(row, site().settings.secret_keys)


def _is_secret(row: MailMessage) -> bool:
    return any(RULES[kind].secret for kind in MailKind if kind.value == row.kind)


def _known(words: Any, given: str | None) -> str | None:
    """The word if it is one of these; a page with an unknown one shows everything."""
    return next((each.value for each in words if each.value == given), None)
