"""The page of components is complete, and nobody sees it in production. QR codes say what they should."""

import re
from pathlib import Path

import pytest
import segno
from flask.testing import FlaskClient

from tests.conftest import settings_for
from tests.harness import ROOT
from tracker.ui.icons import ICONS, icon
from tracker.ui.qr import BORDER, qr_code
from wsgi import create_app

TEMPLATES = ROOT / "tracker" / "ui" / "templates" / "ui"
MAX_TEMPLATE_LINES = 150


def client(home: Path, environment: str) -> FlaskClient:
    settings = settings_for(home).model_copy(update={"env": environment})
    return create_app(settings).test_client()


def test_all_components_are_shown(tmp_path: Path) -> None:
    response = client(tmp_path, "development").get("/app/components")
    assert response.status_code == 200
    names = set(re.findall(r"{% set (\w+) = _", (TEMPLATES / "parts.html").read_text()))
    shown = {
        name
        for path in (TEMPLATES / "components").iterdir()
        for name in re.findall(r"ui\.(\w+)\(", path.read_text())
    }
    assert len(names) > 30
    assert names - shown == set()


def test_every_macro_of_the_parts_has_its_name(tmp_path: Path) -> None:
    exported = (TEMPLATES / "parts.html").read_text()
    for path in (TEMPLATES / "parts").iterdir():
        for name in re.findall(r"{% macro ([a-z]\w*)\(", path.read_text()):
            assert f"{{% set {name} = _{path.stem}.{name} %}}" in exported


def test_production_has_no_page_of_components(tmp_path: Path) -> None:
    assert client(tmp_path, "production").get("/app/components").status_code == 404


@pytest.mark.parametrize(("query", "attribute"), [("?theme=dark", ' data-theme="dark"'), ("?theme=%22x", "")])
def test_it_can_be_seen_light_and_dark(tmp_path: Path, query: str, attribute: str) -> None:
    page = client(tmp_path, "development").get(f"/app/components{query}").text
    assert f'<html lang="en"{attribute}>' in page


def test_ugly_data_is_escaped(tmp_path: Path) -> None:
    page = client(tmp_path, "development").get("/app/components").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>" not in page
    assert not re.search(r"\s(style|on\w+)=", page)


def test_a_qr_code_has_the_modules_of_its_text() -> None:
    text = "https://go.kaffeenord.example/mira-grinder"
    svg = qr_code(text, 'Code of "Mira"')
    rows = [list(row) for row in segno.make(text, error="m", micro=False).matrix_iter(border=BORDER)]
    drawn = [[0] * len(rows) for _ in rows]
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1", svg):
        for column in range(int(x), int(x) + int(length)):
            drawn[int(y)][column] = 1
    assert drawn == [[int(bool(module)) for module in row] for row in rows]
    assert 'aria-label="Code of &#34;Mira&#34;"' in svg


def test_icons_are_hidden_from_screen_readers() -> None:
    assert len(ICONS) > 25
    assert all('aria-hidden="true"' in icon(name) for name in ICONS)


def test_templates_are_short() -> None:
    long = [
        path.relative_to(ROOT).as_posix()
        for package in ("tracker", "payouts")
        for path in (ROOT / package).rglob("templates/**/*.html")
        if len(path.read_text().splitlines()) > MAX_TEMPLATE_LINES
    ]
    assert long == []
