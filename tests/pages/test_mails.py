"""No mail shows a text outside the catalogues: not its subject, not its plain form, not its HTML."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from flask import Flask
from sqlalchemy import select, update

from config.database import Databases, read_session, transact
from config.settings import Settings
from tests.cast.books import at
from tests.harness.untranslated import untranslated
from tests.pages.installation import BRAND, NOON, Installation
from tests.pages.walk import SAME_ORIGIN, client_of
from tests.payouts.mail.cast import compose_all
from tracker.language.texts import PSEUDO_LANGUAGE
from tracker.mail.models import MailMessage
from tracker.people.accounts.models import User
from tracker.people.accounts.roles import Role
from tracker.signing import MAIL_BODY, decrypt

REMINDED = at("11-06 00:30")
DATA = re.compile(
    r"https?://\S+|\S+@\S+|\b\w+ Petersen\b|came back <unopened>|\bDE\b"
    rf"|\b({BRAND}|Anna|Bob|Linkledger|Firefox)\b|\border …\d+"
    r"|\b(\w{3} )?(\d+ )?(October|November) 2026(, \d\d:\d\d \w+)?"
)
"""Names, addresses, notes and dates of the installation, which no mark surrounds in plain text."""


def test_no_mail_shows_a_text_outside_the_catalogues(
    app: Flask, settings: Settings, databases: Databases, installation: Installation
) -> None:
    transact(databases.main, lambda s: s.execute(update(User).values(language=PSEUDO_LANGUAGE)))
    books = replace(installation.books, settings=settings, databases=databases)
    for now in (NOON, REMINDED):
        compose_all(books, now)
    _cause_letters_of_people(app, installation)
    letters = _letters(settings, databases)
    found = {kind for kind, *_rest in letters}
    assert found >= {
        "sign_in",
        "invitation",
        "statement_ready",
        "statement_reminder",
        "address_change",
        "line_reversed",
        "team_changed",
    }
    faults = [f"{kind}: {text[:120]}" for kind, *forms in letters for text in _outside(*forms)]
    assert not faults, "\n".join(sorted(set(faults)))


def _cause_letters_of_people(app: Flask, there: Installation) -> None:
    client = app.test_client()
    headers = SAME_ORIGIN | {"Accept-Language": PSEUDO_LANGUAGE}
    client.post("/app/sign-in", data={"email": "owner@people.example"}, headers=headers)
    owner = client_of(app, there, Role.OWNER.value)
    owner.post("/app/step-up", headers=headers)
    owner.post("/app/profile/email", data={"email": "new@people.example"}, headers=headers)
    team = f"/app/brands/{there.books.brand_id}/team"
    owner.post(f"{team}/invitations", data={"email": "ida@people.example", "role": "viewer"}, headers=headers)
    owner.post(f"{team}/{there.parameters['user_id']}/role", data={"role": "manager"}, headers=headers)


def _letters(settings: Settings, databases: Databases) -> list[Sequence[str]]:
    """Kind, subject, plain form and HTML of the messages in the pseudo-language."""
    with read_session(databases.main) as session:
        query = select(MailMessage).where(MailMessage.language == PSEUDO_LANGUAGE)
        rows = list(session.scalars(query))
    letters: list[Sequence[str]] = []
    for row in rows:
        content = {"subject": row.subject, "body_text": row.body_text, "body_html": row.body_html}
        if row.sealed is not None:
            content = json.loads(decrypt(settings.secret_keys, MAIL_BODY, row.sealed))
        letters.append((row.kind, *(str(content[name]) for name in ("subject", "body_text", "body_html"))))
    return letters


def _outside(subject: str, text: str, html: str) -> list[str]:
    plain = (_without_data(form).replace("<", "&lt;") for form in (subject, text))
    return [*(each for form in plain for each in untranslated(form)), *untranslated(_without_data(html))]


def _without_data(form: str) -> str:
    return DATA.sub(" ", " ".join(form.split()))
