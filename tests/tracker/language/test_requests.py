"""The language of a request: that of the person, else of the browser, and English for programs."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import settings_for
from tracker.http.site import Site, install_site
from tracker.language.requests import install_languages, prefer_language
from tracker.language.texts import current_language, use_language


@pytest.fixture(params=["development", "production"])
def environment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def client(environment: str, tmp_path: Path) -> FlaskClient:
    app = Flask(__name__)
    settings = settings_for(tmp_path).model_copy(update={"env": environment})
    install_site(app, Site(settings, None))  # type: ignore[arg-type]
    install_languages(app)
    app.add_url_rule("/app/page", view_func=current_language)
    app.add_url_rule("/api/v1/sales", endpoint="sales", view_func=current_language)

    @app.get("/app/mine/<code>")
    def mine(code: str) -> str:
        prefer_language(code)
        return current_language()

    return app.test_client()


def asked(client: FlaskClient, path: str, accept_language: str) -> str:
    return client.get(path, headers={"Accept-Language": accept_language}).text


def test_a_page_speaks_the_language_of_the_browser(client: FlaskClient) -> None:
    assert asked(client, "/app/page", "de-DE,en;q=0.5") == "de"
    assert client.get("/app/page").text == "en"


def test_the_language_of_the_person_counts_more(client: FlaskClient) -> None:
    assert asked(client, "/app/mine/en", "de") == "en"
    assert asked(client, "/app/mine/de", "en") == "de"


def test_programs_get_english(client: FlaskClient) -> None:
    assert asked(client, "/api/v1/sales", "de") == "en"


def test_nothing_remains_after_the_request(client: FlaskClient) -> None:
    with use_language("de"):
        asked(client, "/app/mine/en", "fr")
        assert current_language() == "de"


def test_only_development_has_the_pseudo_language(client: FlaskClient, environment: str) -> None:
    expected = "xx" if environment == "development" else "en"
    assert asked(client, "/app/page", "xx") == expected
    assert asked(client, "/app/mine/en", "xx") == expected
