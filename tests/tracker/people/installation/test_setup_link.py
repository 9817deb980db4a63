"""A set-up link: an hour, one use, and only while nobody is there."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from config.settings import Settings
from tests.cast.api import Terminal
from tracker.errors import Conflict
from tracker.people.accounts.operations import create_user
from tracker.people.installation.commands import COMMANDS, SETUP_PATH
from tracker.people.installation.models import SetupLink
from tracker.people.installation.setup_link import (
    end_setup_links,
    make_setup_link,
    may_set_up,
    open_setup_link,
)

HOUR = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)
Write = Callable[..., object]


@pytest.fixture
def token(databases: Databases, now: datetime) -> str:
    return transact(databases.main, partial(make_setup_link, now=now))


def opened(databases: Databases, now: datetime, token: str) -> str | None:
    return transact(databases.main, partial(open_setup_link, now=now, token=token))


def allowed(databases: Databases, now: datetime, cookie: str) -> bool:
    with read_session(databases.main) as session:
        return may_set_up(session, now, cookie)


def add_user(databases: Databases, now: datetime) -> None:
    transact(
        databases.main, lambda session: create_user(session, now, email="ada@shop.example", name="Ada").id
    )


def test_a_link_is_exchanged_for_a_cookie_once(databases: Databases, now: datetime, token: str) -> None:
    cookie = opened(databases, now, token)
    assert cookie
    assert cookie != token
    assert allowed(databases, now, cookie)
    assert opened(databases, now, token) is None


def test_an_unknown_token_or_cookie_opens_nothing(databases: Databases, now: datetime, token: str) -> None:
    assert opened(databases, now, "") is None
    assert opened(databases, now, token[:-1]) is None
    assert not allowed(databases, now, "")
    assert not allowed(databases, now, token)


def test_a_link_can_be_opened_for_an_hour_and_its_cookie_used_for_another(
    databases: Databases, now: datetime, token: str
) -> None:
    assert opened(databases, now + HOUR, token) is None
    last = now + HOUR - MOMENT
    cookie = opened(databases, last, token)
    assert cookie
    assert allowed(databases, last + HOUR - MOMENT, cookie)
    assert not allowed(databases, last + HOUR, cookie)


def test_a_new_link_ends_the_former_one_but_not_a_set_up_that_has_begun(
    databases: Databases, now: datetime, token: str
) -> None:
    cookie = opened(databases, now, token) or ""
    second = transact(databases.main, partial(make_setup_link, now=now))
    third = transact(databases.main, partial(make_setup_link, now=now))
    assert opened(databases, now, second) is None
    assert opened(databases, now, third)
    assert allowed(databases, now, cookie)


def test_nothing_opens_once_somebody_is_there(databases: Databases, now: datetime, token: str) -> None:
    begun = transact(databases.main, partial(make_setup_link, now=now))
    cookie = opened(databases, now, begun) or ""
    unopened = transact(databases.main, partial(make_setup_link, now=now))
    add_user(databases, now)
    assert not allowed(databases, now, cookie)
    assert opened(databases, now, unopened) is None
    with pytest.raises(Conflict, match="has users"):
        transact(databases.main, partial(make_setup_link, now=now))


def test_the_database_never_has_the_secrets(databases: Databases, now: datetime, token: str) -> None:
    cookie = opened(databases, now, token) or ""
    with read_session(databases.main) as session:
        stored = str(session.execute(text("select * from setup_link")).all())
    assert token not in stored
    assert cookie not in stored


def test_links_are_deleted_with_the_first_user(databases: Databases, now: datetime, token: str) -> None:
    def work(session: Session) -> list[str]:
        end_setup_links(session)
        return list(session.scalars(select(SetupLink.id)))

    assert transact(databases.main, work) == []


def test_the_command_prints_a_link_until_somebody_is_there(
    settings: Settings, databases: Databases, now: datetime
) -> None:
    terminal = Terminal(settings, COMMANDS)
    url = terminal.ask("setup-link")["url"]
    start = f"{settings.web_url}{SETUP_PATH}"
    assert url.startswith(start)
    assert opened(databases, datetime.now(now.tzinfo), url.removeprefix(start))
    add_user(databases, now)
    assert "linkledger user invite" in terminal.refused("setup-link")
