"""The outbox: a message per key, secret ones encrypted."""

import json
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from config.settings import Settings
from tests.harness.databases.snapshots import NOW
from tracker.mail.kinds import RULES, UNDELIVERED_AFTER, MailKind
from tracker.mail.letters import Letter, Recipient, one_line
from tracker.mail.models import Fate, MailMessage
from tracker.mail.outbox import queue
from tracker.signing import MAIL_BODY, decrypt

LETTER = Letter(
    "Your code is 123 456", "The code: 123 456", "<p>The code: 123 456</p>", "Teas", "hello@teas.example"
)
ANNA = Recipient("anna@people.example", "Anna", "de")


def put(databases: Databases, settings: Settings, kind: MailKind, **details: Any) -> str | None:
    fields: dict[str, Any] = {"key": "sign-in:1", "keys": settings.secret_keys} | details
    letter, to = fields.pop("letter", LETTER), fields.pop("to", ANNA)
    return transact(databases.main, lambda s: queue(s, NOW, letter, to, kind=kind, **fields))


def messages(databases: Databases) -> list[MailMessage]:
    with read_session(databases.main) as session:
        return list(session.scalars(select(MailMessage).order_by(MailMessage.id)))


def test_a_message_waits_from_the_start(databases: Databases, settings: Settings) -> None:
    message_id = put(databases, settings, MailKind.TEAM_CHANGED)
    (message,) = messages(databases)
    assert (message.id, message.state, message.due_at) == (message_id, Fate.QUEUED, NOW)
    assert (message.to_address, message.language) == ("anna@people.example", "de")
    assert (message.subject, message.body_text, message.sealed) == (LETTER.subject, LETTER.text, None)
    assert message.expires_at == NOW + UNDELIVERED_AFTER


def test_a_key_has_one_message(databases: Databases, settings: Settings) -> None:
    assert put(databases, settings, MailKind.TEAM_CHANGED) is not None
    assert put(databases, settings, MailKind.TEAM_CHANGED) is None
    assert put(databases, settings, MailKind.TEAM_CHANGED, key="sign-in:2") is not None
    assert len(messages(databases)) == 2


def test_a_message_ends_with_its_transaction(databases: Databases, settings: Settings) -> None:
    def work(session: Session) -> None:
        queue(session, NOW, LETTER, ANNA, kind=MailKind.TEST, key="1", keys=settings.secret_keys)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        transact(databases.main, work)
    assert messages(databases) == []


@pytest.mark.parametrize("kind", [each for each in MailKind if RULES[each].secret])
def test_a_secret_message_is_stored_encrypted(
    databases: Databases, settings: Settings, kind: MailKind
) -> None:
    put(databases, settings, kind)
    (message,) = messages(databases)
    assert (message.subject, message.body_text, message.body_html) == (None, None, None)
    assert message.sealed is not None
    assert "123" not in message.sealed
    opened = json.loads(decrypt(settings.secret_keys, MAIL_BODY, message.sealed))
    assert opened["body_text"] == LETTER.text


def test_every_kind_has_rules() -> None:
    assert RULES.keys() == set(MailKind)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Anna\r\nBcc: eve@evil.example", "Anna Bcc: eve@evil.example"),
        ("\u202egnp.\u2066exe\u2069", "gnp.exe"),
        ("a\x00b\x1b[31mc\u2028d", "ab[31mc d"),
        ("نمی\u200cخواهم", "نمی\u200cخواهم"),
        ("x" * 500, "x" * 99 + "…"),
        ("  ", ""),
    ],
)
def test_a_name_in_a_header_is_one_plain_line(text: str, line: str) -> None:
    assert one_line(text, 100) == line
