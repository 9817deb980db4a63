"""Browsers without JavaScript: they keep cookies, follow redirects and send forms of this site."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from config.database import Databases, transact
from config.settings import Settings
from tests.cast.api import application_client
from tracker.people.accounts.memberships import add_member
from tracker.people.accounts.operations import create_user
from tracker.people.installation.setup_link import make_setup_link
from tracker.people.sessions.cookies import SESSION_COOKIE
from tracker.people.sessions.operations import BrowserFacts, Method, start_session

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


class Browser:
    """`at` is the path of the page that is shown, `page` its HTML, `status` its status."""

    def __init__(self, client: FlaskClient) -> None:
        self.client, self.at, self.page, self.status = client, "", "", 0

    def open(self, path: str, **headers: str) -> str:
        return self._show(self.client.get(path, headers=headers, follow_redirects=True))

    def send(self, path: str = "", fields: Mapping[str, object] | None = None) -> str:
        """Post the form of the page that is shown, or of another one."""
        return self._show(
            self.client.post(
                path or self.at, data=dict(fields or {}), headers=SAME_ORIGIN, follow_redirects=True
            )
        )

    def found(self, pattern: str) -> str:
        match = re.search(pattern, self.page)
        assert match is not None, f"{pattern} is not on {self.at}"
        return match[0]

    def value(self, field: str) -> str:
        """What an input of the page contains."""
        tag = re.search(rf'<input[^>]*name="{field}"[^>]*>', self.page)
        assert tag is not None, f"{self.at} has no field {field}"
        found = re.search(r'value="([^"]*)"', tag[0])
        return found[1] if found else ""

    def _show(self, response: TestResponse) -> str:
        self.at, self.page, self.status = response.request.path, response.text, response.status_code
        return self.page


@contextmanager
def new_browser(settings: Settings) -> Iterator[Browser]:
    with application_client(settings) as client:
        yield Browser(client)


def setup_token(databases: Databases) -> str:
    return transact(databases.main, lambda session: make_setup_link(session, datetime.now(UTC)))


def sign_in(
    browser: Browser, databases: Databases, email: str, *, brand_id: str = "", role: str = "owner"
) -> str:
    """Sign in as a new person, with a role at a brand if one is given. Returns the id of the user."""

    def work(session: Session) -> tuple[str, str]:
        now = datetime.now(UTC)
        user = create_user(session, now, email=email, name=email.partition("@")[0])
        if brand_id:
            add_member(session, now, brand_id=brand_id, user_id=user.id, role=role)
        return user.id, start_session(session, now, user.id, Method.DEMO, BrowserFacts())

    user_id, token = transact(databases.main, work)
    browser.client.set_cookie(SESSION_COOKIE, token)
    return user_id
