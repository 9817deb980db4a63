"""Components, error pages and shoppers' pages in a browser: accessible, at any size, also without scripts."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Response
from playwright.sync_api import Browser, expect

from tests.browser.accessible import AXE_VIEWS, DESKTOP, PHONE, faults_of, opened
from tests.conftest import settings_for
from tests.harness.processes.web_thread import serve_app
from tracker.clicks.redirect.shoppers_page import shoppers_page
from tracker.clicks.redirect.shown_brands import ShownBrand
from tracker.ui.notices import notify
from wsgi import create_app

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

LONG = "Wolkenstein" * 20


@pytest.fixture(scope="module")
def url(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("pages") / "home"
    shutil.copytree(sqlite_template, home)
    app = create_app(settings_for(home))
    app.add_url_rule("/app/test/shopper/<int:status>/<language>", view_func=shopper)
    app.add_url_rule("/app/test/act", view_func=act, methods=["GET", "POST"])
    with serve_app(app) as address:
        yield address
    app.extensions["linkledger"].databases.close()


def shopper(status: int, language: str) -> Response:
    page = shoppers_page(status, language, ShownBrand(LONG, "#ffee00", None))
    return Response(page.body, status, {"Content-Security-Policy": page.policy})


def act() -> Response:
    notify("It is done.", undo_url="/app/test/act")
    return Response(status=303, headers={"Location": "/app/components"})


def test_components_are_accessible_and_fit_at_every_size(browser: Browser, url: str) -> None:
    assert faults_of(browser, f"{url}/app/components", name="components") == []


@pytest.mark.parametrize("path", ["/app/no-such-page", "/nobody", "/app/test/shopper/410/de"])
def test_error_pages_and_shoppers_pages_are_accessible(browser: Browser, url: str, path: str) -> None:
    name = path.strip("/").replace("/", "-")
    assert faults_of(browser, url + path, name=name) == []


def test_a_fault_of_a_page_is_found(browser: Browser, url: str) -> None:
    """The judge itself: a planted fault of each sort."""
    planted = "<img src=x><div style='width:3000px'>wide</div>"

    def plant(page):  # type: ignore[no-untyped-def]
        page.evaluate("html => document.querySelector('main').insertAdjacentHTML('beforeend', html)", planted)
        page.evaluate("() => { document.querySelector('main').lastChild.style.width = '3000px'; }")
        cover = "() => { const d = document.createElement('div'); d.id = 'cover'; document.body.append(d);"
        page.evaluate(cover + "Object.assign(d.style, {position: 'fixed', inset: 0, background: 'red'}); }")

    faults = "\n".join(faults_of(browser, f"{url}/app/no-such-page", views=AXE_VIEWS[:1], prepare=plant))
    for word in ("image-alt", "scrolls sideways", "the focus is covered", "Content Security Policy"):
        assert word in faults


def test_a_copy_button_says_that_it_copied(browser: Browser, url: str) -> None:
    with opened(browser, f"{url}/app/components", DESKTOP) as (page, messages):
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        button = page.locator("[data-copy]")
        button.click()
        expect(button.locator("span")).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == "https://go.kaffeenord.example/mira-grinder"
        assert page.locator("[data-copy] + [role=status]").text_content() == "Copied"
        expect(button.locator("span")).to_have_text("Copy")
        assert messages == []


def test_without_scripts_no_button_is_dead_and_the_address_is_there(browser: Browser, url: str) -> None:
    with opened(browser, f"{url}/app/components", PHONE, with_scripts=False) as (page, _messages):
        assert not page.locator("[data-copy]").is_visible()
        assert not page.locator("[data-share]").is_visible()
        assert page.get_by_text("https://go.kaffeenord.example/mira-grinder").first.is_visible()


def test_after_an_act_the_notice_has_the_focus(browser: Browser, url: str) -> None:
    with opened(browser, f"{url}/app/test/act", PHONE) as (page, messages):
        notice = page.locator("main .note").first
        assert notice.text_content().strip().startswith("It is done.")  # type: ignore[union-attr]
        assert page.evaluate("document.activeElement.textContent").strip().startswith("It is done.")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Undo"
        assert messages == []


def test_htmx_changes_a_part_of_a_page_under_the_policy(browser: Browser, url: str) -> None:
    """No style, no code from a string: the policy reports nothing, and an error of a form is shown, too."""
    with opened(browser, f"{url}/app/components", DESKTOP) as (page, messages):
        page.evaluate(
            "() => { const form = document.querySelector('form');"
            "form.setAttribute('hx-get', '/app/no-such-page'); form.setAttribute('hx-target', 'this');"
            "form.setAttribute('hx-select', 'h1'); htmx.process(form); form.requestSubmit(); }"
        )
        page.wait_for_selector("form h1")
        assert page.locator("form h1").text_content() == "This page does not exist"
        assert [line for line in messages if "404" not in line] == []
