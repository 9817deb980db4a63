"""Static files: one style sheet and one script, hashed names, compressed once, within the budget."""

import gzip
import hashlib
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.conftest import settings_for
from tests.harness import ROOT
from tracker.people.looks.rules import read_logo
from tracker.ui.assets import Asset, asset_path, assets, find_asset, joined_styles
from wsgi import create_app

CSS_BUDGET_BYTES = 7 * 1024
JS_BUDGET_BYTES = 17 * 1024
GZIP = {"Accept-Encoding": "br, gzip;q=0.8"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    return create_app(settings_for(tmp_path_factory.mktemp("home"))).test_client()


def test_style_and_script_are_within_their_budgets() -> None:
    sizes = {name: len(assets()[name].compressed or b"") for name in ("app.css", "app.js")}
    assert sizes["app.css"] <= CSS_BUDGET_BYTES
    assert sizes["app.js"] <= JS_BUDGET_BYTES


def test_a_hashed_name_is_kept_for_ever_and_compressed(client: FlaskClient) -> None:
    response = client.get(f"/static/{asset_path('app.css')}", headers=GZIP)
    assert (response.status_code, response.mimetype) == (200, "text/css")
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert (response.headers["Content-Encoding"], response.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(response.data) == assets()["app.css"].body


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "br"])
def test_a_client_without_gzip_gets_the_plain_file(client: FlaskClient, accepted: str) -> None:
    response = client.get(f"/static/{asset_path('app.css')}", headers={"Accept-Encoding": accepted})
    assert "Content-Encoding" not in response.headers
    assert response.data == assets()["app.css"].body


def test_a_file_that_did_not_change_is_not_sent_again(client: FlaskClient) -> None:
    path = f"/static/{asset_path('app.js')}"
    tags = [client.get(path, headers=headers).headers["ETag"] for headers in ({}, GZIP)]
    assert tags[0] != tags[1], "a cache must not mix the two forms"
    again = client.get(path, headers=GZIP | {"If-None-Match": tags[1]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_page_from_before_an_update_gets_the_present_file_for_a_short_time(client: FlaskClient) -> None:
    response = client.get("/static/app.000000000000.css")
    assert response.data == assets()["app.css"].body
    assert "immutable" not in response.headers["Cache-Control"]
    assert client.get("/static/other.000000000000.css").status_code == 404


def test_the_name_changes_with_the_content() -> None:
    first, second = Asset("a.css", b"a{}"), Asset("a.css", b"b{}")
    assert first.hashed_name != second.hashed_name
    found = find_asset(asset_path("mark.svg"))
    assert found is not None
    assert found[1]


def test_styles_lose_only_comments_and_space(tmp_path: Path) -> None:
    css = joined_styles(("tokens", "base", "layout")).decode()
    assert "/*" not in css
    assert "@media (width < 56rem) and (height >= 30rem){" in css
    assert "a:hover{" in css
    assert "clamp(1.3125rem,1.2rem + .5vw,1.5rem)" in css


def test_images_are_not_compressed_again() -> None:
    assert Asset("a.png", b"\x89PNG").compressed is None


def test_a_phone_can_put_the_pages_on_its_home_screen(client: FlaskClient) -> None:
    page = client.get("/app/no-such-page").text
    assert '<link rel="manifest" href="/app/manifest.webmanifest">' in page
    response = client.get("/app/manifest.webmanifest")
    assert (response.status_code, response.mimetype) == (200, "application/manifest+json")
    assert response.json is not None
    mark, *pictures = response.json["icons"]
    assert client.get(mark["src"]).mimetype == "image/svg+xml"
    files = {each["sizes"]: client.get(each["src"]) for each in pictures}
    for sizes, file in files.items():
        logo = read_logo(file.data)
        assert (file.mimetype, f"{logo.width}x{logo.height}") == ("image/png", sizes)
    assert list(files) == ["192x192", "512x512"]
    assert sum(len(file.data) for file in files.values()) <= 10_000


def test_vendored_code_is_what_the_page_about_it_says() -> None:
    listed = re.findall(r"`([\w/.-]+\.js)` \| `([0-9a-f]{64})`", (ROOT / "docs/third-party.md").read_text())
    assert [path for path, _hash in listed] == ["tracker/ui/scripts/htmx.min.js"]
    for path, digest in listed:
        assert hashlib.sha256((ROOT / path).read_bytes()).hexdigest() == digest
