"""The daily message: all that was held back for a person, in their morning, once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from config.settings import Settings
from tests.cast.people import Cast
from tests.harness.databases.snapshots import NOW
from tests.harness.processes.threads import run_concurrently
from tracker.mail.digest import compose_digest, due_readers, next_digest
from tracker.mail.holding import next_morning
from tracker.mail.kinds import Choice, MailKind
from tracker.mail.letters import Letter, Recipient
from tracker.mail.models import MailHeld, MailMessage
from tracker.mail.outbox import queue
from tracker.mail.preferences import set_choice

KIND = MailKind.LINE_HELD
Put = Callable[..., str | None]


@pytest.fixture
def put(databases: Databases, settings: Settings, cast: Cast) -> Put:
    """Queue a message for a creator in Berlin, who wants this kind once a day."""
    transact(databases.main, lambda s: set_choice(s, NOW, cast.member_id, KIND, Choice.DAILY))
    to = Recipient("mira@people.example", "Mira", "en", None, cast.member_id, "Europe/Berlin")

    def put_one(key: str, now: datetime = NOW, kind: MailKind = KIND, text: str = "") -> str | None:
        letter = Letter(
            f"About {key}", f"{text or key} is held.\n\n-- \nNobody reads replies.\n", "<p></p>", "Teas"
        )
        fields: dict[str, Any] = {"kind": kind, "key": key, "keys": settings.secret_keys}
        return transact(databases.main, lambda s: queue(s, now, letter, to, **fields))

    return put_one


def digest(databases: Databases, settings: Settings, now: datetime) -> list[int]:
    """Compose what is due, as the job does."""
    with read_session(databases.main) as session:
        readers = due_readers(session, now)
    work = partial(compose_digest, now=now, web_url="https://app.example", keys=settings.secret_keys)
    return [transact(databases.main, partial(work, person_id=each)) for each in readers]


def messages(databases: Databases) -> list[MailMessage]:
    with read_session(databases.main) as session:
        return list(session.scalars(select(MailMessage).order_by(MailMessage.id)))


@pytest.mark.parametrize(
    ("at", "zone", "morning"),
    [
        ("2026-07-01T04:59", "Europe/Berlin", "2026-07-01T05:00"),
        ("2026-07-01T05:00", "Europe/Berlin", "2026-07-02T05:00"),
        ("2026-10-24T20:00", "Europe/Berlin", "2026-10-25T06:00"),
        ("2026-07-01T23:00", "Pacific/Auckland", "2026-07-02T19:00"),
        ("2026-07-01T08:00", None, "2026-07-02T07:00"),
    ],
)
def test_the_morning_is_that_of_the_zone(at: str, zone: str | None, morning: str) -> None:
    now = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert next_morning(now, zone) == datetime.fromisoformat(morning).replace(tzinfo=UTC)


def test_what_was_held_back_comes_in_one_message_in_the_morning(
    databases: Databases, settings: Settings, put: Put
) -> None:
    morning = next_morning(NOW, "Europe/Berlin")
    assert put("one") is None
    assert put("two", NOW + timedelta(minutes=1)) is None
    assert messages(databases) == []
    with read_session(databases.main) as session:
        assert session.scalar(next_digest()) == morning
    assert digest(databases, settings, morning - timedelta(seconds=1)) == []
    assert digest(databases, settings, morning) == [2]
    assert digest(databases, settings, morning) == []
    (message,) = messages(databases)
    assert (message.kind, message.to_address) == ("digest", "mira@people.example")
    assert message.subject == "What happened since yesterday: 2 messages"
    assert message.body_text is not None
    assert message.body_text.index("one is held.") < message.body_text.index("two is held.")
    assert message.body_text.count("Nobody reads replies") == 1
    assert "https://app.example/app/profile/notices" in message.body_text
    with read_session(databases.main) as session:
        assert {each.message_id for each in session.scalars(select(MailHeld))} == {message.id}


def test_what_comes_after_the_morning_waits_for_the_next_one(
    databases: Databases, settings: Settings, put: Put
) -> None:
    put("one")
    morning = next_morning(NOW, "Europe/Berlin")
    digest(databases, settings, morning)
    put("two", morning + timedelta(seconds=1))
    assert digest(databases, settings, morning + timedelta(hours=23)) == []
    assert digest(databases, settings, morning + timedelta(days=1)) == [1]
    assert len(messages(databases)) == 2


def test_a_repeated_operation_holds_nothing_back_twice(
    databases: Databases, settings: Settings, put: Put
) -> None:
    for _ in range(2):
        put("one")
    assert digest(databases, settings, NOW + timedelta(days=2)) == [1]
    put("one", NOW + timedelta(days=2))
    assert digest(databases, settings, NOW + timedelta(days=4)) == []


def test_other_kinds_come_at_once(databases: Databases, put: Put) -> None:
    assert put("code", kind=MailKind.SIGN_IN) is not None
    assert put("declined", kind=MailKind.LINE_DECLINED) is not None
    assert {each.kind for each in messages(databases)} == {"sign_in", "line_declined"}


def test_what_is_switched_off_is_not_written(databases: Databases, cast: Cast, put: Put) -> None:
    kind = MailKind.LINE_RELEASED
    transact(databases.main, lambda s: set_choice(s, NOW, cast.member_id, kind, Choice.OFF))
    assert put("released", kind=kind) is None
    assert messages(databases) == []
    with read_session(databases.main) as session:
        assert session.scalars(select(MailHeld)).all() == []


def test_a_crash_before_the_end_loses_nothing_and_sends_nothing_twice(
    databases: Databases, settings: Settings, cast: Cast, put: Put
) -> None:
    put("one")
    morning = next_morning(NOW, "Europe/Berlin")

    def crash(session: Session) -> None:
        compose_digest(session, morning, cast.member_id, web_url="", keys=settings.secret_keys)
        raise OSError("killed")

    with pytest.raises(OSError, match="killed"):
        transact(databases.main, crash)
    assert messages(databases) == []
    assert digest(databases, settings, morning) == [1]


def test_of_many_schedulers_one_composes_the_digest(
    databases: Databases, settings: Settings, put: Put
) -> None:
    for number in range(5):
        put(f"n{number}")
    later = NOW + timedelta(days=2)
    done = run_concurrently(*[lambda: digest(databases, settings, later)] * 4)
    assert sum(sum(each) for each in done) == 5
    assert len(messages(databases)) == 1


def test_hostile_texts_stay_texts(databases: Databases, settings: Settings, put: Put) -> None:
    put("<script>alert(1)</script>", text="<img src=x onerror=alert(1)> https://shop.example/?a=1&b=2")
    digest(databases, settings, NOW + timedelta(days=2))
    (message,) = messages(databases)
    assert message.body_html is not None
    assert "<script" not in message.body_html
    assert "<img" not in message.body_html
    assert 'href="https://shop.example/?a=1&amp;b=2"' in message.body_html
