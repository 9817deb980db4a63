"""Pages show no text outside the catalogues: all that are reached without signing in, and error pages."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import settings_for
from tests.harness.untranslated import untranslated
from tracker.http.access import Access
from wsgi import create_app

PSEUDO = {"Accept-Language": "xx"}
NOT_PAGES = ("/static/", "/api/", "/hooks/", "/demo", "/app/components")
"""The page of components shows invented English, in development only."""
ERRORS = ("/app/no-such-page", "/app/looks/x/y.css")


@pytest.fixture(scope="module")
def client(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    home = tmp_path_factory.mktemp("pages") / "home"
    shutil.copytree(sqlite_template, home)
    app = create_app(settings_for(home))
    yield app.test_client()
    app.extensions["linkledger"].databases.close()


def open_pages(app: Flask) -> list[str]:
    """The addresses without parameters that everybody may open."""
    found = []
    for rule in app.url_map.iter_rules():
        access: Access | None = getattr(app.view_functions[rule.endpoint], "__access__", None)
        is_page = "GET" in (rule.methods or ()) and not rule.arguments and not rule.rule.startswith(NOT_PAGES)
        if is_page and access is not None and access.kind == "public":
            found.append(rule.rule)
    return sorted(found)


def test_no_open_page_shows_a_text_outside_the_catalogues(client: FlaskClient) -> None:
    pages = open_pages(client.application)
    assert "/app/sign-in" in pages
    faults = {path: untranslated(html_of(client, path)) for path in (*pages, *ERRORS)}
    assert {path: found for path, found in faults.items() if found} == {}


def html_of(client: FlaskClient, path: str) -> str:
    """The page in the pseudo-language; "" for what is no page, such as a redirect or JSON."""
    response = client.get(path, headers=PSEUDO)
    return (
        response.text if response.mimetype == "text/html" and response.status_code not in (302, 303) else ""
    )


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<p>⟦Sign in⟧</p>", []),
        ("<p>⟦See <a href=x>⟦Help⟧</a> of Anna⟧</p>", []),
        ("<p>Sign in</p>", ["Sign in"]),
        ("<p>⟦Sign⟧ in</p>", ["⟦Sign⟧ in"]),
        ('<p translate="no">Anna</p><bdi>Bob</bdi><data>€1</data> 12 – €', []),
        ('<img alt="Logo"><br><p>⟦x⟧</p>', ["Logo"]),
        ("<style>p { color: red }</style><script>go()</script>", []),
        ("<title>⟦Sign in⟧ – Linkledger</title>", []),
    ],
)
def test_a_text_outside_the_catalogues_is_found(html: str, found: list[str]) -> None:
    assert untranslated(html) == found
