"""A notice is shown once, on the next page, and cannot be forged."""

import pytest
from flask import Flask, redirect
from flask.testing import FlaskClient

from tests.conftest import settings_for
from tracker.ui.notices import COOKIE, notify
from wsgi import create_app


@pytest.fixture
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    app = create_app(settings_for(tmp_path_factory.mktemp("home")))
    app.add_url_rule("/app/hold", view_func=hold, methods=["POST"])
    return app.test_client()


def hold():  # type: ignore[no-untyped-def]
    notify("Held until <b>8 January</b>.", undo_url="/app/undo", undo="Release")
    return redirect("/")


def test_a_notice_is_shown_once(client: FlaskClient) -> None:
    client.post("/app/hold")
    page = client.get("/app/sign-in").text
    assert '<div class="note ok" role="status" tabindex="-1" data-focus>' in page
    assert "<p>Held until &lt;b&gt;8 January&lt;/b&gt;.</p>" in page
    assert '<form class="acts" method="post" action="/app/undo"><button class="lnk">Release</button>' in page
    assert "Held until" not in client.get("/app/sign-in").text


def test_the_cookie_is_for_this_browser_alone(client: FlaskClient) -> None:
    cookie = client.post("/app/hold", base_url="https://links.example").headers["Set-Cookie"]
    assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=Lax", "Max-Age=300"))


@pytest.mark.parametrize("cookie", ["", "x", "{}", '{"tone": "ok", "text": "Pay here"}.abc.def'])
def test_a_forged_notice_is_not_shown(client: FlaskClient, cookie: str) -> None:
    client.set_cookie(COOKIE, cookie)
    response = client.get("/app/sign-in")
    assert response.status_code == 200
    assert 'class="note' not in response.text


def test_a_page_without_a_notice_sets_no_cookie(client: FlaskClient) -> None:
    assert "Set-Cookie" not in client.get("/app/sign-in").headers


def test_the_flask_app_has_no_other_session(client: FlaskClient) -> None:
    app: Flask = client.application
    assert app.secret_key is None
