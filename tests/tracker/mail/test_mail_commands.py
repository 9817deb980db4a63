"""`linkledger mail`: what became of each message, its text, and sending it again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from config.database import Databases, transact
from config.settings import Settings
from tests.cast.api import Terminal
from tracker.mail.commands import COMMANDS
from tracker.mail.kinds import MailKind
from tracker.mail.letters import Letter, Recipient
from tracker.mail.models import MailMessage
from tracker.mail.outbox import queue

LETTER = Letter("Your code", "It is 123 456", "<p>It is 123 456</p>")


@pytest.fixture
def terminal(settings: Settings, databases: Databases) -> Terminal:
    return Terminal(settings, COMMANDS, databases)


def put(databases: Databases, settings: Settings, key: str, kind: MailKind = MailKind.TEAM_CHANGED) -> str:
    fields: dict[str, Any] = {"kind": kind, "key": key, "keys": settings.secret_keys}
    to, now = Recipient(f"{key}@people.example", key), datetime.now(UTC)
    found = transact(databases.main, lambda s: queue(s, now, LETTER, to, **fields))
    assert found is not None
    return found


def end(databases: Databases, message_id: str, state: str, **more: Any) -> None:
    values = {"state": state, "due_at": None, "ended_at": datetime.now(UTC), "sealed": None} | more
    done = update(MailMessage).where(MailMessage.id == message_id).values(**values)
    transact(databases.main, lambda s: s.execute(done))


def test_without_a_mail_server_messages_can_be_read(
    terminal: Terminal, databases: Databases, settings: Settings
) -> None:
    message_id = put(databases, settings, "anna", MailKind.SIGN_IN)
    listed = terminal.run("mail", "list")
    assert "LINKLEDGER_SMTP_URL is not set" in listed.stderr
    assert "123 456" not in listed.stdout
    shown = terminal.ask("mail", "show", message_id)
    assert (shown["subject"], shown["text"]) == ("Your code", "It is 123 456")
    end(databases, message_id, "expired")
    assert terminal.ask("mail", "show", message_id)["text"] is None
    assert "erased" in terminal.refused("mail", "resend", message_id)


def test_messages_are_listed_by_pages_and_state(
    terminal: Terminal, databases: Databases, settings: Settings
) -> None:
    ids = sorted((put(databases, settings, name) for name in ("a", "b", "c")), reverse=True)
    end(databases, ids[1], "refused", problem="recipient_refused", server_code=550)
    first = terminal.ask("mail", "list", "--limit", "2")
    assert [each["id"] for each in first] == ids[:2]
    rest = terminal.ask("mail", "list", "--limit", "2", "--before", ids[1])
    assert [each["id"] for each in rest] == ids[2:]
    (refused,) = terminal.ask("mail", "list", "--state", "refused")
    assert (refused["id"], refused["server_code"]) == (ids[1], 550)
    assert "did not accept the recipient" in terminal.run("mail", "show", ids[1]).stdout


def test_a_refused_message_is_sent_again(
    terminal: Terminal, databases: Databases, settings: Settings
) -> None:
    message_id = put(databases, settings, "anna")
    end(databases, message_id, "refused", attempts=40)
    again = terminal.ask("mail", "resend", message_id)
    assert (again["state"], again["attempts"], again["ended_at"]) == ("queued", 0, None)
    expires = datetime.fromisoformat(again["expires_at"])
    assert timedelta(days=2) < expires - datetime.now(UTC) <= timedelta(days=3)


def test_what_is_being_sent_is_not_sent_again(
    terminal: Terminal, databases: Databases, settings: Settings
) -> None:
    message_id = put(databases, settings, "anna")
    transact(databases.main, lambda s: s.execute(update(MailMessage).values(state="sending")))
    assert "is being sent" in terminal.refused("mail", "resend", message_id)
    assert "There is no message" in terminal.refused("mail", "show", "mal_" + "0" * 32)


def test_an_accepted_message_does_not_claim_that_it_arrived(
    terminal: Terminal, databases: Databases, settings: Settings
) -> None:
    message_id = put(databases, settings, "anna")
    end(databases, message_id, "sent", server_code=250)
    assert "is not seen from here" in terminal.run("mail", "show", message_id).stdout
