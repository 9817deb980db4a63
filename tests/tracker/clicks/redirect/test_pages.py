"""What only the Flask entry point has; the rest is in test_entry_points.py."""

import pytest
from flask import Flask

from tracker.clicks.redirect.pages import blueprint
from tracker.http.access import Access


@pytest.fixture
def app() -> Flask:
    application = Flask("clicks")
    application.register_blueprint(blueprint)
    return application


def test_the_view_declares_its_access(app: Flask) -> None:
    access = getattr(app.view_functions["clicks.follow_link"], "__access__", None)
    assert isinstance(access, Access)
    assert access.kind == "public"


@pytest.mark.parametrize("path", ["/ab", "/" + "x" * 65, "/a.b", "/anna/", "/anna/x"])
def test_an_impossible_code_never_reaches_the_view(app: Flask, path: str) -> None:
    assert app.test_client().get(path).status_code == 404
