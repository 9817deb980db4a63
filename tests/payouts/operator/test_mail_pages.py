"""The outbox on the pages of operators: fates and texts, nothing executed, no secrets."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import update

from config.database import Databases, transact
from config.settings import Settings
from tests.harness.databases.snapshots import NOW
from tests.tracker.people.sign_in.visitors import COOKIE, Visitor, new_visitor
from tracker.http.site import site
from tracker.mail.kinds import MailKind
from tracker.mail.letters import Letter, Recipient
from tracker.mail.models import MailMessage
from tracker.mail.outbox import queue
from tracker.people.accounts.models import User
from tracker.people.accounts.operations import create_user
from tracker.people.sessions.operations import BrowserFacts, Method, start_session
from wsgi import create_app

LETTER = Letter("Hello <b>", "Hello Anna\nsecond line", "<p>Hello</p><script>alert(1)</script>", "Teas")
Put = Callable[..., str]


@pytest.fixture
def visitor(settings: Settings, databases: Databases) -> Iterator[Visitor]:
    """An operator, signed in."""
    app: Flask = create_app(settings)

    def enter(session: Any) -> str:
        user_id = create_user(session, NOW, email="op@people.example", name="Op").id
        session.get_one(User, user_id).is_operator = True
        return start_session(session, NOW, user_id, Method.CODE, BrowserFacts())

    with time_machine.travel(NOW):
        made = new_visitor(app, settings, databases)
        made.client.set_cookie(COOKIE, transact(databases.main, enter))
        yield made
    with app.app_context():
        site().databases.close()


@pytest.fixture
def put(databases: Databases, settings: Settings) -> Put:
    def put_one(key: str, kind: MailKind = MailKind.TEAM_CHANGED, **values: Any) -> str:
        fields: dict[str, Any] = {"kind": kind, "key": key, "keys": settings.secret_keys}
        to = Recipient(f"{key}@people.example", key)
        later = NOW + timedelta(milliseconds=len(key))
        found = transact(databases.main, lambda s: queue(s, later, LETTER, to, **fields))
        assert found is not None
        if values:
            change = update(MailMessage).where(MailMessage.id == found).values(**values)
            transact(databases.main, lambda s: s.execute(change))
        return found

    return put_one


def test_messages_are_listed_by_state_and_kind(visitor: Visitor, put: Put) -> None:
    assert "There are no such messages" in visitor.get("/app/operator/mail").text
    put("anna")
    put("bo", MailKind.SHOP_SILENT, state="refused", due_at=None, ended_at=NOW, server_code=550)
    page = visitor.get("/app/operator/mail").text
    assert "anna@people.example" in page
    assert "bo@people.example" in page
    assert "Hello &lt;b&gt;" in page
    refused = visitor.get("/app/operator/mail?state=refused").text
    assert "bo@people.example" in refused
    assert "anna@people.example" not in refused
    silent = visitor.get("/app/operator/mail?kind=shop_silent").text
    assert "anna@people.example" not in silent
    assert "anna@people.example" in visitor.get("/app/operator/mail?state=unheard-of").text


def test_a_long_list_has_pages(visitor: Visitor, put: Put) -> None:
    for number in range(51):
        put("x" * (number + 1))
    first = visitor.get("/app/operator/mail").text
    assert ">x@people.example<" not in first
    assert "50 messages" in first
    older = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    rest = visitor.get(older).text
    assert ">x@people.example<" in rest
    assert "1 message" in rest


def test_a_message_shows_its_fate_and_its_texts_as_texts(visitor: Visitor, put: Put) -> None:
    message_id = put(
        "anna", state="deferred", problem="recipient_refused", server_code=450, server_reply="<i>later"
    )
    page = visitor.get(f"/app/operator/mail/{message_id}").text
    assert "did not accept the recipient" in page
    assert "450 &lt;i&gt;later" in page
    assert "Hello Anna<br>second line<br>" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page


def test_what_lets_its_reader_in_is_not_shown(visitor: Visitor, put: Put) -> None:
    message_id = put("anna", MailKind.SIGN_IN)
    page = visitor.get(f"/app/operator/mail/{message_id}").text
    assert "Hello Anna" not in page
    assert f"linkledger mail show {message_id}" in page
    assert "Hello" not in visitor.get("/app/operator/mail").text


@pytest.mark.parametrize("message_id", ["1", "mal_" + "0" * 32, "brd_" + "0" * 32])
def test_what_is_no_message_is_not_found(visitor: Visitor, message_id: str) -> None:
    assert visitor.get(f"/app/operator/mail/{message_id}").status_code == 404


def test_the_home_leads_to_messages_that_are_stuck(visitor: Visitor, put: Put) -> None:
    put("anna", state="deferred")
    assert 'href="/app/operator/mail"' in visitor.get("/app/operator/").text
