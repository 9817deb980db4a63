"""The page on which a person chooses which messages come, and when."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from flask import redirect, url_for
from werkzeug.wrappers import Response

from config.database import read_session, transact
from tracker.errors import Invalid
from tracker.http.site import site
from tracker.language.texts import gettext as _
from tracker.mail.kind_words import Audience, choice_words, kind_words, kinds_for
from tracker.mail.kinds import RULES, Choice, MailKind
from tracker.mail.preferences import choices_of, set_choices
from tracker.people.access.current import request_time
from tracker.people.access.page_guards import signed_in
from tracker.people.access.person import Person
from tracker.people.blueprint import blueprint
from tracker.ui.forms import Form
from tracker.ui.notices import notify

OWN_MESSAGES = "shows and changes which messages the person gets"


@dataclass(frozen=True)
class Asked:
    """A kind with a choice. `options`: pairs of the stored word and the text."""

    field: str
    label: str
    options: list[tuple[str, str]]
    hint: str | None


@dataclass(frozen=True)
class Section:
    """What somebody gets as a creator, say. `fixed`: texts of what is always sent."""

    title: str
    asked: list[Asked]
    fixed: list[str]


@blueprint.get("/app/profile/notices")
@signed_in(OWN_MESSAGES)
def notices(person: Person) -> Response:
    with read_session(site().databases.main) as session:
        chosen = choices_of(session, user_id=person.user_id, creator_id=person.creator_id)
    return _page(person, Form({kind.value: choice.value for kind, choice in chosen.items()}))


@blueprint.post("/app/profile/notices")
@signed_in(OWN_MESSAGES)
def choose_notices(person: Person) -> Response:
    form = Form.sent()
    choices = {kind: form[kind.value] for kind in _kinds(person) if kind.value in form and _has_choice(kind)}
    choose = partial(set_choices, now=request_time(), person_id=person.user_id, choices=choices)
    try:
        transact(site().databases.main, choose)
    except Invalid as error:
        form.reject(error)
        return _page(person, form)
    notify(_("Saved."))
    return redirect(url_for("people.notices"), 303)


def _page(person: Person, form: Form) -> Response:
    sections = [_section(audience, title) for audience, title in _audiences(person)]
    labels = {asked.field: asked.label for section in sections for asked in section.asked}
    return form.page("people/notices.html", person=person, sections=sections, labels=labels)


def _audiences(person: Person) -> Iterator[tuple[Audience, str]]:
    if person.creator_id is not None:
        yield Audience.CREATOR, _("As a creator")
    if person.roles:
        yield Audience.BRAND, _("At your brands")
    if person.is_operator:
        yield Audience.OPERATOR, _("As an operator")
    yield Audience.PERSON, _("Your access")


def _kinds(person: Person) -> Iterator[MailKind]:
    for audience, _title in _audiences(person):
        yield from kinds_for(audience)


def _has_choice(kind: MailKind) -> bool:
    return len(RULES[kind].choices) > 1


def _section(audience: Audience, title: str) -> Section:
    kinds = kinds_for(audience)
    return Section(
        title,
        asked=[_asked(kind) for kind in kinds if _has_choice(kind)],
        fixed=[kind_words(kind) for kind in kinds if not _has_choice(kind)],
    )


def _asked(kind: MailKind) -> Asked:
    rules = RULES[kind]
    options = [(choice.value, choice_words(choice)) for choice in _in_order(rules.choices)]
    hint = None if rules.can_be_switched_off else _("It is about money, so it cannot be switched off.")
    return Asked(kind.value, kind_words(kind), options, hint)


def _in_order(choices: tuple[Choice, ...]) -> list[Choice]:
    """The order in which they are shown does not depend on which is the default."""
    return [choice for choice in Choice if choice in choices]
