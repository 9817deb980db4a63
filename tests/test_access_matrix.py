"""Every route × role × own or foreign brand, generated from the routes and what they declare.

A route that declares nothing fails. Views run with an empty form; what they answer once somebody is admitted
is not looked at here.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from flask import Flask, Response, g
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from config.database import Databases, transact
from config.settings import Settings
from tests.architecture.running import IGNORED_METHODS, access_of
from tests.cast.people import Cast, create_cast
from tests.harness.databases.snapshots import Snapshot, database_seed_for
from tests.tracker.people.sign_in.visitors import COOKIE
from tracker.http.access import Access
from tracker.http.site import site
from tracker.people.access.current import request_time
from tracker.people.accounts.memberships import add_member
from tracker.people.accounts.models import Creator, User
from tracker.people.accounts.operations import create_brand, create_user
from tracker.people.accounts.roles import Role
from tracker.people.sessions.models import UserSession
from tracker.people.sessions.operations import BrowserFacts, Method, start_session, step_up
from wsgi import create_app

PERSON_KINDS = ("person", "brand", "creator", "operator")
OTHER_KINDS = ("public", "signed", "keyed")
NOBODY, STRANGER, CREATOR, OPERATOR = "nobody", "owner of another brand", "creator", "operator"
VISITORS = (NOBODY, *(role.value for role in Role), STRANGER, CREATOR, OPERATOR)


@dataclass(frozen=True)
class Ground:
    """Two brands, and a user for each visitor but nobody."""

    own: str
    foreign: str
    users: dict[str, str]


def ground_of(settings: Settings) -> Ground:
    app = create_app(settings)
    with app.test_request_context():
        databases, now = site().databases, request_time()
        cast: Cast = create_cast(databases, now)

        def fill(session: Session) -> Ground:
            other = create_brand(session, now, name="Other", currency="EUR", timezone="UTC").id
            users = {
                name: create_user(session, now, email=f"u{number}@people.example", name="U").id
                for number, name in enumerate(VISITORS)
                if name != NOBODY
            }
            for role in Role:
                add_member(session, now, brand_id=cast.brand_id, user_id=users[role.value], role=role.value)
            add_member(session, now, brand_id=other, user_id=users[STRANGER], role="owner")
            session.get_one(Creator, cast.member_id).user_id = users[CREATOR]
            session.get_one(User, users[OPERATOR]).is_operator = True
            return Ground(cast.brand_id, other, users)

        ground = transact(databases.main, fill)
        databases.close()
    return ground


database_seed = database_seed_for(ground=ground_of)
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def ground(snapshot: Snapshot) -> Ground:
    found: Ground = snapshot.known
    return found


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    made = create_app(settings)
    made.after_request(_note_admission)
    yield made
    with made.app_context():
        site().databases.close()


def _note_admission(response: Response) -> Response:
    response.headers["X-Admitted"] = g.get("admitted", "")
    return response


@dataclass(frozen=True)
class Route:
    rule: Rule
    method: str
    access: Access

    def path(self, brand_id: str) -> str:
        path = self.rule.rule.replace("<brand_id>", brand_id)
        return re.sub(r"<[^>]+>", "1", path)

    def __str__(self) -> str:
        return f"{self.method} {self.rule.rule}"


def routes_of(app: Flask, kinds: tuple[str, ...]) -> Iterator[Route]:
    for rule in app.url_map.iter_rules():
        access = access_of(app, rule.endpoint)
        if access is not None and access.kind in kinds:
            for method in sorted((rule.methods or set()) - IGNORED_METHODS):
                yield Route(rule, method, access)


Call = Callable[..., TestResponse]


@pytest.fixture
def call(app: Flask, databases: Databases, ground: Ground) -> Call:
    """A request with a session of its own, because a view may end it."""

    def send(route: Route, visitor: str, brand_id: str, *, proven: bool = False) -> TestResponse:
        client = app.test_client()
        if visitor != NOBODY:
            client.set_cookie(COOKIE, transact(databases.main, lambda s: sign_in(s, app, visitor, proven)))
        headers = {"Sec-Fetch-Site": "same-origin"}
        return client.open(route.path(brand_id), method=route.method, headers=headers)

    def sign_in(session: Session, app: Flask, visitor: str, proven: bool) -> str:
        with app.test_request_context():
            now = request_time()
        token = start_session(session, now, ground.users[visitor], Method.CODE, BrowserFacts())
        if not proven:
            return token
        newest = session.query(UserSession).order_by(UserSession.id.desc()).first()
        assert newest is not None
        return step_up(session, now, newest.id)

    return send


def verdict(response: TestResponse) -> str:
    """What became of the request, in one word."""
    if response.headers["X-Admitted"]:
        return "admitted"
    location = response.location or ""
    if response.status_code in (303, 204) and location.startswith("/app/sign-in"):
        return "sign in"
    if response.status_code in (303, 204) and location.startswith("/app/step-up"):
        return "step up"
    if response.status_code == 403 and "Send the form again" in response.text:
        return "sign in" if "Please sign in first" in response.text else "step up"
    return {403: "role", 404: "not found"}.get(response.status_code, str(response.status_code))


def expected(route: Route, visitor: str, *, own: bool) -> str:
    """What has to become of a request without a step-up."""
    access = route.access
    if visitor == NOBODY:
        return "sign in"
    if access.kind == "brand":
        at_this_brand = visitor in {role.value for role in Role} if own else visitor == STRANGER
        if not at_this_brand:
            return "not found"
        role = visitor if own else Role.OWNER.value
        if role not in access.roles:
            return "role"
    elif access.kind in (CREATOR, OPERATOR) and visitor != access.kind:
        return "not found"
    return "step up" if access.stepped_up else "admitted"


@pytest.mark.parametrize("visitor", VISITORS)
def test_each_visitor_is_admitted_as_the_routes_declare(
    app: Flask, call: Call, ground: Ground, visitor: str
) -> None:
    faults, seen = [], 0
    for route in routes_of(app, PERSON_KINDS):
        for brand_id in (ground.own, ground.foreign) if route.access.kind == "brand" else (ground.own,):
            seen += 1
            wanted = expected(route, visitor, own=brand_id == ground.own)
            found = verdict(call(route, visitor, brand_id))
            if found != wanted:
                faults.append(f"{route}: {found} instead of {wanted}")
            if wanted == "step up":
                proven = verdict(call(route, visitor, brand_id, proven=True))
                if proven != "admitted":
                    faults.append(f"{route}: {proven} after a step-up")
    assert seen > 5
    assert not faults, "\n".join(faults)


def test_every_route_has_an_entry(app: Flask, ground: Ground) -> None:
    known = {route.rule.endpoint for route in routes_of(app, (*PERSON_KINDS, *OTHER_KINDS))}
    assert {rule.endpoint for rule in app.url_map.iter_rules()} - known == set()
    for route in routes_of(app, ("brand",)):
        assert "<brand_id>" in route.rule.rule
        assert set(route.access.roles) <= {role.value for role in Role}
    for route in routes_of(app, OTHER_KINDS):
        assert "<brand_id>" not in route.rule.rule or route.access.kind == "public", route


@pytest.mark.parametrize("visitor", [Role.OWNER.value, OPERATOR])
def test_a_session_opens_no_route_of_programs(app: Flask, call: Call, ground: Ground, visitor: str) -> None:
    for route in routes_of(app, ("keyed",)):
        assert call(route, visitor, ground.own).status_code == 401, str(route)
