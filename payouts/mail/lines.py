"""Messages to a creator about lines: one message for all that was decided or changed together."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from payouts.mail.people import creator, look_of
from payouts.mail.post import Post
from payouts.mail.told_lines import ToldLine, changed_lines, decided_lines, held_lines, released_lines
from tracker.ids import is_id
from tracker.language.texts import gettext as _
from tracker.language.texts import ngettext, use_language
from tracker.mail.compose import compose
from tracker.mail.kinds import RULES, Choice, MailKind
from tracker.mail.letters import Recipient
from tracker.mail.models import MailCause
from tracker.mail.preferences import choice_of
from tracker.mail.unsubscribe import unsubscribe_url
from tracker.people.accounts.models import Brand

LINE_KINDS = (
    MailKind.LINE_HELD,
    MailKind.LINE_DECLINED,
    MailKind.LINE_RELEASED,
    MailKind.LINE_REVERSED,
    MailKind.LINE_RESTORED,
)
SHOWN = 20
"""The lines that a message names, those with the largest amounts; it counts the others."""

_HOLD, _ENTRY = "hld", "cen"


def compose_about_lines(post: Post, causes: Sequence[MailCause]) -> None:
    """All causes are about one creator of one brand. What was undone since is left out."""
    first, session = causes[0], post.session
    assert first.creator_id is not None
    brand = session.get_one(Brand, first.brand_id)
    to = creator(session, first.creator_id)
    kinds = {each.subject_id: MailKind(each.kind) for each in causes}
    wanted = {kind for kind in set(kinds.values()) if is_wanted(session, to, kind)}
    lines = _lines(session, brand, {subject: kind for subject, kind in kinds.items() if kind in wanted})
    if not lines:
        return
    kind = _kind_of(lines)
    values = {"to": to, "brand": brand, "page_url": f"{post.web_url}/app/me/"}
    values["unsubscribe_url"] = unsubscribe_url(post.keys, post.web_url, to.user_id or to.creator_id, kind)
    with use_language(to.language):
        values |= _words(lines, brand.name)
    letter = compose("lines_decided", to.language, look_of(session, brand, post.web_url), **values)
    post.queue(letter, to, kind, subject_id=first.subject_id, brand_id=brand.id)


def is_wanted(session: Session, to: Recipient, kind: MailKind) -> bool:
    return choice_of(session, kind, user_id=to.user_id, creator_id=to.creator_id) is not Choice.OFF


def _lines(session: Session, brand: Brand, kinds: Mapping[str, MailKind]) -> list[ToldLine]:
    """The oldest first. Causes name a decision, a hold, or an entry."""
    holds = [each for each in kinds if is_id(each, _HOLD)]
    entries = [each for each in kinds if is_id(each, _ENTRY)]
    decisions = {
        each: kind for each, kind in kinds.items() if not is_id(each, _HOLD) and not is_id(each, _ENTRY)
    }
    found = [
        *decided_lines(session, brand, decisions),
        *held_lines(session, brand, holds),
        *changed_lines(session, entries),
        *released_lines(session, entries),
    ]
    return sorted(found, key=lambda each: (each.at, each.order))


def _kind_of(lines: Sequence[ToldLine]) -> MailKind:
    """That of all, or of the first one about money, which is always sent."""
    always = [each.kind for each in lines if not RULES[each.kind].can_be_switched_off]
    return (always or [each.kind for each in lines])[0]


def _words(lines: Sequence[ToldLine], brand: str) -> dict[str, Any]:
    """In the language of the reader."""
    largest = sorted(lines, key=lambda each: -each.amount.minor)[:SHOWN]
    shown = [each for each in lines if each in largest]
    rows = [
        (_("Order %(order)s", order=each.order), each.sentence(), each.amount, each.note) for each in shown
    ]
    by_brand = all(each.by_brand for each in lines)
    heading = (_decided if by_brand else _changed)(len(lines), brand)
    return {"rows": rows, "more": len(lines) - len(shown), "heading": heading}


def _decided(count: int, brand: str) -> str:
    return ngettext(
        "%(brand)s decided about one of your commissions",
        "%(brand)s decided about %(num)s of your commissions",
        count,
        brand=brand,
    )


def _changed(count: int, brand: str) -> str:
    return ngettext(
        "One of your commissions at %(brand)s changed",
        "%(num)s of your commissions at %(brand)s changed",
        count,
        brand=brand,
    )
