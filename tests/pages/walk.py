"""All pages of the installation: each route with each visitor who may open it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import transact
from tests.architecture.running import IGNORED_METHODS, access_of
from tests.pages.installation import CREATOR, NOBODY, NOON, OPERATOR, Installation
from tests.tracker.people.sign_in.mails import last_mail
from tracker.http.access import Access
from tracker.http.site import site
from tracker.people.accounts.roles import Role
from tracker.people.sessions.cookies import ASKED_COOKIE, SESSION_COOKIE
from tracker.people.sessions.models import UserSession
from tracker.people.sessions.operations import BrowserFacts, Method, start_session, step_up
from tracker.people.sessions.rules import token_hash

NOT_PAGES = ("/static/", "/api/", "/hooks/", "/demo", "/app/components", "/app/looks/", "/app/setup/", "/<")
"""The page of components shows invented English, in development only. The set-up needs an empty database."""
ASKING = "asking"
"""The owner, who has just asked for the mail of a sign-in."""
NOT_FOUND = "/app/no-such-page"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
UNKNOWN = "unknown"
"""Stands for a parameter that has no example, as after a link that is over."""


@dataclass(frozen=True)
class Stop:
    """One page as one visitor sees it."""

    endpoint: str
    path: str
    visitor: str
    method: str = "GET"

    @property
    def name(self) -> str:
        return f"{self.endpoint}-{self.visitor}"

    def __str__(self) -> str:
        return f"{self.method} {self.path} as {self.visitor}"


def stops_of(app: Flask, there: Installation, method: str = "GET") -> list[Stop]:
    """Every route of this method with every visitor who is admitted, in the order of the addresses."""
    found = []
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        access = access_of(app, rule.endpoint)
        if access is None or method not in (rule.methods or set()) - IGNORED_METHODS:
            continue
        if access.kind in ("signed", "keyed") or rule.rule.startswith(NOT_PAGES):
            continue
        path = there.paths.get(rule.endpoint) or _filled(rule.rule, there.parameters)
        found += [Stop(rule.endpoint, path, visitor, method) for visitor in visitors_of(access)]
    return found


def visitors_of(access: Access) -> tuple[str, ...]:
    kinds = {"brand": access.roles, "creator": (CREATOR,), "operator": (OPERATOR,), "public": (NOBODY,)}
    return kinds.get(access.kind, (Role.OWNER.value,))


def _filled(rule: str, parameters: Mapping[str, str]) -> str:
    """The address with the ids that are there; a part without an example is UNKNOWN."""
    return re.sub(r"<(?:[^:>]+:)?([^>]+)>", lambda part: parameters.get(part[1], UNKNOWN), rule)


def client_of(app: Flask, there: Installation, visitor: str) -> FlaskClient:
    """A browser in which the visitor is signed in, and has just proven who they are."""
    client = app.test_client()
    if visitor in there.users:
        client.set_cookie(SESSION_COOKIE, session_of(app, there.users[visitor]))
    return client


def session_of(app: Flask, user_id: str) -> str:
    """A new session's token."""

    def work(session: Session) -> str:
        token = start_session(session, NOON, user_id, Method.CODE, BrowserFacts("Firefox", "DE"))
        started = select(UserSession.id).where(UserSession.token_hash == token_hash(token))
        return step_up(session, NOON, session.scalars(started).one())

    with app.app_context():
        return transact(site().databases.main, work)


def asking_stops(app: Flask) -> tuple[FlaskClient, list[Stop]]:
    """A browser that has asked for the mail of a sign-in, with the pages that it then can open."""
    client = app.test_client()
    asked = client.post("/app/sign-in", data={"email": "owner@people.example"}, headers=SAME_ORIGIN)
    with app.app_context():
        mail = last_mail(site().settings, site().databases)
    paths = {"people.code": asked.location, "people.link": mail.path}
    return client, [Stop(endpoint, path, ASKING) for endpoint, path in paths.items()]


def cookies_of(client: FlaskClient, url: str) -> list[dict[str, Any]]:
    """The cookies of a client for a real browser."""
    return [{"name": key, "value": each.value, "url": url} for key, each in _cookies(client)]


def _cookies(client: FlaskClient) -> Iterator[tuple[str, Any]]:
    for name in (SESSION_COOKIE, ASKED_COOKIE):
        found = client.get_cookie(name)
        if found is not None:
            yield name, found
