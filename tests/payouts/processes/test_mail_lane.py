"""The lane of mail finds what is due within seconds, and asks the database almost nothing meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from config.database import Databases, transact
from config.settings import Settings
from payouts.processes import mail_lane
from payouts.processes.mail_lane import MailLane, MailLook
from tests.harness.mail_server import running_mail_server
from tests.harness.waiting import wait_until
from tracker.mail.causes import Cause, note
from tracker.mail.kinds import MailKind
from tracker.mail.letters import Letter, Recipient
from tracker.mail.outbox import queue

LETTER = Letter("Your code", "It is 123 456", "<p>It is 123 456</p>")


def put(databases: Databases, settings: Settings, now: datetime) -> None:
    fields: dict[str, Any] = {"kind": MailKind.SIGN_IN, "key": "code", "keys": settings.secret_keys}
    to = Recipient("anna@people.example", "Anna")
    assert transact(databases.main, lambda s: queue(s, now, LETTER, to, **fields))


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    found: list[str] = []

    def note_statement(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        found.append(statement)

    event.listen(engine, "before_cursor_execute", note_statement)
    yield found
    event.remove(engine, "before_cursor_execute", note_statement)


def with_server(settings: Settings, url: str = "smtp://127.0.0.1:1") -> Settings:
    return settings.model_copy(update={"smtp_url": url})


def test_nothing_is_read_again_while_nothing_is_committed(
    databases: Databases, settings: Settings, now: datetime
) -> None:
    look = MailLook(databases, with_server(settings))
    assert not look.is_due(now)
    with statements(databases.main) as read:
        assert not look.is_due(now)
    selects = [each for each in read if each.lstrip().upper().startswith("SELECT")]
    assert len(selects) == (0 if databases.main.dialect.name == "sqlite" else 1)
    put(databases, settings, now)
    assert look.is_due(now)
    look.close()


def test_what_becomes_due_by_time_alone_is_found(
    databases: Databases, settings: Settings, now: datetime
) -> None:
    look, later = MailLook(databases, settings), now + timedelta(minutes=10)
    cause = Cause(MailKind.SHOP_SILENT, None, "src_1", None, later)
    transact(databases.main, lambda s: note(s, now, cause))
    assert not look.is_due(later - timedelta(seconds=1))
    assert look.is_due(later)
    look.close()


def test_without_a_server_a_message_is_due_when_it_expires(
    databases: Databases, settings: Settings, now: datetime
) -> None:
    look = MailLook(databases, settings)
    put(databases, settings, now)
    assert not look.is_due(now + timedelta(days=2))
    assert look.is_due(now + timedelta(days=3))
    look.close()


def break_once(engine: Engine) -> None:
    """The next statement fails."""

    def fail(*_arguments: Any) -> None:
        event.remove(engine, "before_cursor_execute", fail)
        raise OSError("the disk is gone")

    event.listen(engine, "before_cursor_execute", fail)


def test_a_look_that_failed_is_made_again(databases: Databases, settings: Settings, now: datetime) -> None:
    look = MailLook(databases, with_server(settings))
    assert not look.is_due(now)
    put(databases, settings, now)
    break_once(databases.main)
    with pytest.raises(OSError, match="gone"):
        look.is_due(now)
    assert look.is_due(now)
    look.close()


def test_the_lane_sends_what_comes_and_goes_on_after_an_error(
    databases: Databases, settings: Settings, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_lane, "INTERVAL_S", 0.02)
    put(databases, settings, datetime.now(now.tzinfo))
    with running_mail_server() as box:
        lane = MailLane(databases, with_server(settings, box.url))
        break_once(databases.main)
        lane.start()
        try:
            wait_until(lambda: len(box.accepted) == 1)
        finally:
            lane.stop()
    assert box.recipients() == ["anna@people.example"]
