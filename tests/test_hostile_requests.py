"""Every page with hostile paths, queries and fields, sent by somebody who gets past every guard.

None may fail, and none may touch what belongs to another brand, whose ids stand in every field.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import Select, select
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from config.database import Databases, read_session, transact
from config.settings import Settings
from tests.architecture.running import IGNORED_METHODS, access_of
from tests.cast.people import PERSON, add_brand_with_program, create_cast
from tests.cast.people import add_member as add_creator
from tests.harness.databases.snapshots import NOW, Snapshot, database_seed_for
from tests.tracker.people.sign_in.visitors import COOKIE
from tracker.http.site import site
from tracker.people.access.current import request_time
from tracker.people.accounts.memberships import add_member
from tracker.people.accounts.models import Membership, User
from tracker.people.accounts.operations import create_user
from tracker.people.sessions.models import UserSession
from tracker.people.sessions.operations import BrowserFacts, Method, start_session, step_up
from tracker.programs.models import Enrollment, Link, Program, Terms
from tracker.sales.sources.models import Source
from tracker.sales.sources.operations import create_source
from wsgi import create_app

KINDS = ("person", "brand", "creator", "operator", "public")
FIELDS = (
    *(
        "accept",
        "after",
        "agrees",
        "base",
        "code",
        "country",
        "creator",
        "credential",
        "currency",
        "destination",
        "email",
    ),
    *("hold", "host", "kind", "language", "list", "minimum", "mode", "name", "next", "program", "rate"),
    *("request", "role", "secret", "timezone", "window"),
)
HOSTILE = (
    "",
    "a\0b",
    "0" * 20 + "9" * 5000,
    "1e999999",
    "\u202e<script>=cmd|'/C calc'!A0\u2066" + "😀" * 500,
    "https://[ß",
)


@dataclass(frozen=True)
class Ground:
    """A brand and its owner, who is an operator, too; and the ids of what another brand has."""

    brand_id: str
    user_id: str
    foreign_brand_id: str
    foreign_ids: tuple[str, ...]


def ground_of(settings: Settings) -> Ground:
    app = create_app(settings)
    with app.test_request_context():
        databases = site().databases
        own = create_cast(databases, NOW).brand_id
        ground = transact(databases.main, lambda session: fill(session, settings, own))
        databases.close()
    return ground


def fill(session: Session, settings: Settings, own: str) -> Ground:
    owner, stranger = (
        create_user(session, NOW, email=f"{name}@people.example", name=name).id for name in ("ada", "eve")
    )
    add_member(session, NOW, brand_id=own, user_id=owner, role="owner")
    session.get_one(User, owner).is_operator = True
    other, program_id = add_brand_with_program(session, NOW, name="Other")
    add_member(session, NOW, brand_id=other, user_id=stranger, role="owner")
    zoe = add_creator(session, NOW, program_id, "Zoe")
    keys = settings.secret_keys
    source, _secret = create_source(session, NOW, actor=PERSON, brand_id=other, kind="shopify", keys=keys)
    ids = (program_id, zoe.enrollment_id, zoe.creator_id, zoe.link_id, source.id, stranger)
    return Ground(own, owner, other, ids)


database_seed = database_seed_for(ground=ground_of)


@pytest.fixture
def ground(snapshot: Snapshot) -> Ground:
    found: Ground = snapshot.known
    return found


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    made = create_app(settings)
    yield made
    with made.app_context():
        site().databases.close()


Send = Callable[[Rule, str, str], list[TestResponse]]


@pytest.fixture
def send(app: Flask, databases: Databases, ground: Ground) -> Send:
    """The word in the path, then in every field and query; each with a new session that was stepped up."""

    def sign_in(session: Session) -> str:
        with app.test_request_context():
            now = request_time()
        start_session(session, now, ground.user_id, Method.CODE, BrowserFacts())
        newest = session.query(UserSession).order_by(UserSession.id.desc()).first()
        assert newest is not None
        return step_up(session, now, newest.id)

    def request(path: str, method: str, fields: dict[str, str]) -> TestResponse:
        client = app.test_client()
        client.set_cookie(COOKIE, transact(databases.main, sign_in))
        data = fields if method == "POST" else None
        headers = {"Sec-Fetch-Site": "same-origin"}
        return client.open(path, method=method, query_string=fields, data=data, headers=headers)

    def send_word(rule: Rule, method: str, word: str) -> list[TestResponse]:
        path = rule.rule.replace("<brand_id>", ground.brand_id)
        plain = re.sub(r"<[^>]+>", "1", path)
        responses = [request(plain, method, dict.fromkeys(FIELDS, word))]
        if plain != path and word:
            responses.append(request(re.sub(r"<[^>]+>", lambda _: quote(word, safe=""), path), method, {}))
        return responses

    return send_word


def routes_of(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        access = access_of(app, rule.endpoint)
        if access is not None and access.kind in KINDS and rule.rule.startswith("/app/"):
            for method in sorted((rule.methods or set()) - IGNORED_METHODS):
                yield rule, method


def rows_of(databases: Databases, brand_id: str) -> dict[str, list[tuple[Any, ...]]]:
    """What the brand has, row by row."""
    programs = select(Program.id).where(Program.brand_id == brand_id)
    enrollments = select(Enrollment.id).where(Enrollment.program_id.in_(programs))
    queries: dict[str, Select[Any]] = {
        "members": select(*Membership.__table__.c).where(Membership.brand_id == brand_id),
        "programs": select(*Program.__table__.c).where(Program.brand_id == brand_id),
        "terms": select(*Terms.__table__.c).where(Terms.program_id.in_(programs)),
        "enrollments": select(*Enrollment.__table__.c).where(Enrollment.program_id.in_(programs)),
        "links": select(*Link.__table__.c).where(Link.enrollment_id.in_(enrollments)),
        "sources": select(*Source.__table__.c).where(Source.brand_id == brand_id),
    }
    with read_session(databases.main) as session:
        return {name: [tuple(row) for row in session.execute(query)] for name, query in queries.items()}


def test_no_page_fails_and_none_touches_another_brand(
    app: Flask, databases: Databases, send: Send, ground: Ground
) -> None:
    before, faults, seen = rows_of(databases, ground.foreign_brand_id), [], 0
    for rule, method in routes_of(app):
        for word in (*HOSTILE, *ground.foreign_ids):
            for response in send(rule, method, word):
                seen += 1
                if response.status_code >= 500:
                    faults.append(f"{method} {response.request.path} {word[:30]!r}: {response.status_code}")
    assert seen > 500
    assert not faults, "\n".join(faults)
    assert all(before.values())
    assert rows_of(databases, ground.foreign_brand_id) == before
