"""Guards of pages: who is let in, who is told why not, and who learns nothing."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from flask import Flask, render_template, request
from werkzeug.datastructures import MultiDict

from config.database import Databases, transact
from config.settings import Settings
from tests.cast.people import Cast
from tests.harness.databases.snapshots import NOW
from tests.tracker.people.sign_in.visitors import COOKIE, Visitor, new_visitor
from tracker.http.site import site
from tracker.people.access.page_guards import (
    brand_page,
    creator_page,
    operator_page,
    signed_in,
    stepped_up,
)
from tracker.people.access.person import Person
from tracker.people.accounts.memberships import add_member
from tracker.people.accounts.models import Creator, Membership, User
from tracker.people.accounts.operations import create_brand, create_user
from tracker.people.accounts.roles import DECIDES_ABOUT_MONEY, EVERY_ROLE
from tracker.people.sessions.operations import BrowserFacts, Method, start_session
from wsgi import create_app

TEST = "for a test"


def add_pages(app: Flask) -> None:
    """One page for each guard. Each says whom it was given."""

    @signed_in(TEST)
    def anybody(person: Person) -> str:
        return f"for {person.name} {request.form.getlist('text')}"

    @brand_page(*DECIDES_ABOUT_MONEY, reason=TEST)
    def money(person: Person, brand_id: str) -> str:
        return f"{person.name} at {brand_id}"

    @brand_page(*EVERY_ROLE, reason=TEST)
    def team(person: Person, brand_id: str) -> str:
        return render_template("people/proven.html")

    @creator_page(TEST)
    def creator(person: Person) -> str:
        return str(person.creator_id)

    @operator_page(TEST)
    def operator(person: Person) -> str:
        return person.name

    @stepped_up("moves money")
    @brand_page(*DECIDES_ABOUT_MONEY, reason=TEST)
    def pay(person: Person, brand_id: str) -> str:
        return f"paid {request.form.getlist('amount')}"

    both = ["GET", "POST"]
    for path, view in (
        ("/app/t/anybody", anybody),
        ("/app/t/<brand_id>/money", money),
        ("/app/t/<brand_id>/team", team),
        ("/app/t/creator", creator),
        ("/app/t/operator", operator),
        ("/app/t/<brand_id>/pay", pay),
    ):
        app.add_url_rule(path, f"t_{view.__name__}", view, methods=both)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    made = create_app(settings)
    add_pages(made)
    with time_machine.travel(NOW):
        yield made
    with made.app_context():
        site().databases.close()


@pytest.fixture
def user_id(databases: Databases, cast: Cast) -> str:
    return transact(databases.main, lambda s: create_user(s, NOW, email="fay@p.example", name="Fay").id)


@pytest.fixture
def visitor(app: Flask, settings: Settings, databases: Databases, user_id: str) -> Visitor:
    found = new_visitor(app, settings, databases)
    token = transact(
        databases.main, lambda s: start_session(s, NOW, user_id, Method.CODE, BrowserFacts("Firefox"))
    )
    found.client.set_cookie(COOKIE, token)
    return found


def join(databases: Databases, brand_id: str, user_id: str, role: str) -> None:
    transact(databases.main, lambda s: add_member(s, NOW, brand_id=brand_id, user_id=user_id, role=role))


def step_up(visitor: Visitor) -> None:
    asked = visitor.post("/app/step-up")
    assert visitor.post(asked.location, code=visitor.mail().code).status_code == 303


def test_a_page_for_anybody_gets_the_person(visitor: Visitor) -> None:
    assert visitor.get("/app/t/anybody").text == "for Fay []"
    visitor.client.delete_cookie(COOKIE)
    assert visitor.get("/app/t/anybody?a=b").location == "/app/sign-in?next=/app/t/anybody?a%3Db"


def test_a_brand_s_page_is_for_the_roles_that_it_names(
    visitor: Visitor, databases: Databases, cast: Cast, user_id: str
) -> None:
    path = f"/app/t/{cast.brand_id}/money"
    assert visitor.get(path).status_code == 404
    join(databases, cast.brand_id, user_id, "finance")
    assert visitor.get(path).text == f"Fay at {cast.brand_id}"


def test_a_role_that_is_not_enough_is_told_in_plain_words(
    visitor: Visitor, databases: Databases, cast: Cast, user_id: str
) -> None:
    join(databases, cast.brand_id, user_id, "viewer")
    page = visitor.get(f"/app/t/{cast.brand_id}/money")
    assert page.status_code == 403
    assert "Your role at this brand is viewer. This page is for: owner, finance." in page.text


def test_a_foreign_brand_is_not_found_as_one_that_does_not_exist(
    visitor: Visitor, databases: Databases, cast: Cast, user_id: str
) -> None:
    join(databases, cast.brand_id, user_id, "owner")
    other = transact(
        databases.main, lambda s: create_brand(s, NOW, name="Other", currency="EUR", timezone="UTC").id
    )
    pages = [visitor.get(f"/app/t/{brand}/money") for brand in (other, "brd_" + "0" * 32, "x")]
    assert {page.status_code for page in pages} == {404}
    assert len({page.text for page in pages}) == 1


def test_a_role_that_was_removed_counts_at_the_next_request(
    visitor: Visitor, databases: Databases, cast: Cast, user_id: str
) -> None:
    join(databases, cast.brand_id, user_id, "owner")
    assert visitor.get(f"/app/t/{cast.brand_id}/money").status_code == 200
    transact(databases.main, lambda s: s.delete(s.get_one(Membership, (cast.brand_id, user_id))))
    assert visitor.get(f"/app/t/{cast.brand_id}/money").status_code == 404


def test_pages_of_creators_and_operators_are_not_found_by_others(
    visitor: Visitor, databases: Databases, cast: Cast, user_id: str
) -> None:
    assert [visitor.get(f"/app/t/{page}").status_code for page in ("creator", "operator")] == [404, 404]
    transact(databases.main, lambda s: setattr(s.get_one(Creator, cast.member_id), "user_id", user_id))
    transact(databases.main, lambda s: setattr(s.get_one(User, user_id), "is_operator", True))
    assert visitor.get("/app/t/creator").text == cast.member_id
    assert visitor.get("/app/t/operator").text == "Fay"


def test_a_step_up_leads_there_and_back_and_lasts_ten_minutes(
    visitor: Visitor, databases: Databases, cast: Cast, user_id: str
) -> None:
    join(databases, cast.brand_id, user_id, "owner")
    path = f"/app/t/{cast.brand_id}/pay"
    assert visitor.get(path).location == f"/app/step-up?next={path}"
    step_up(visitor)
    assert visitor.get(path).text == "paid []"
    with time_machine.travel(NOW + timedelta(minutes=11)):
        assert visitor.get(path).status_code == 303


def test_a_step_up_is_not_offered_to_who_may_not_call_the_page(
    visitor: Visitor, databases: Databases, cast: Cast, user_id: str
) -> None:
    path = f"/app/t/{cast.brand_id}/pay"
    assert visitor.get(path).status_code == 404
    join(databases, cast.brand_id, user_id, "viewer")
    assert visitor.get(path).status_code == 403


def test_a_form_is_not_lost_in_a_step_up_or_sign_in(
    visitor: Visitor, databases: Databases, cast: Cast, user_id: str
) -> None:
    join(databases, cast.brand_id, user_id, "owner")
    form = MultiDict([("amount", "5"), ("amount", "<b>\n6"), ("password", "secret!"), ("code", "123456")])
    headers = {"Sec-Fetch-Site": "same-origin"}
    pay = f"/app/t/{cast.brand_id}/pay"
    page = visitor.client.post(pay, data=form, headers=headers)
    assert page.status_code == 403
    assert page.text.count('<textarea name="amount"') == 2
    assert "&lt;b&gt;\n6</textarea>" in page.text
    assert "secret!" not in page.text
    assert "123456" not in page.text
    assert "Nothing was saved" in page.text
    step_up(visitor)
    assert visitor.client.post(pay, data=form, headers=headers).text == r"paid ['5', '<b>\n6']"
    visitor.client.delete_cookie(COOKIE)
    page = visitor.client.post("/app/t/anybody", data={"text": "long work"}, headers=headers)
    assert page.status_code == 403
    assert "Please sign in first" in page.text
    assert "long work</textarea>" in page.text


def test_a_fragment_that_was_asked_for_by_a_script_leads_the_whole_page_to_the_sign_in(
    visitor: Visitor,
) -> None:
    visitor.client.delete_cookie(COOKIE)
    response = visitor.client.get("/app/t/anybody", headers={"HX-Request": "true"})
    assert (response.status_code, response.text) == (204, "")
    assert response.headers["HX-Redirect"] == "/app/sign-in?next=/app/t/anybody"


def test_the_frame_of_a_page_names_the_brand_and_the_person(
    visitor: Visitor, databases: Databases, cast: Cast, user_id: str
) -> None:
    join(databases, cast.brand_id, user_id, "owner")
    assert "Teas" in visitor.get(f"/app/t/{cast.brand_id}/team").text
    assert "Teas" not in visitor.get("/app/").text


def test_pages_speak_the_language_of_the_person(visitor: Visitor, databases: Databases, user_id: str) -> None:
    transact(databases.main, lambda s: setattr(s.get_one(User, user_id), "language", "de"))
    page = visitor.client.get("/app/proven", headers={"Accept-Language": "en"})
    assert '<html lang="de">' in page.text
    assert "Erledigt" in page.text


def test_a_session_that_was_stepped_up_elsewhere_ends_the_old_cookie(
    visitor: Visitor, databases: Databases, user_id: str
) -> None:
    with_session = visitor.token
    asked = visitor.get("/app/t/anybody")
    assert asked.status_code == 200
    step_up(visitor)
    assert visitor.token != with_session
    visitor.client.set_cookie(COOKIE, with_session or "")
    assert visitor.get("/app/t/anybody").status_code == 303
