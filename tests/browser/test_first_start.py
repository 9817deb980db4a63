"""From an empty machine to a followed link, in a browser and with a single command.

`linkledger serve` runs as from a terminal on a new home. Nothing else is started or called by hand.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.conftest import settings_for
from tests.harness.processes.serve_process import ServeProcess, serving, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.processes]

PHONE = {"width": 390, "height": 844}
SMALL = {"width": 320, "height": 640}
DESK = {"width": 1280, "height": 900}
ODD_NAME = "Zoë <script>alert(1)</script> Ω" + "m" * 60


@dataclass
class Start:
    """A page of a browser, and the set-up link that the terminal shows."""

    page: Page
    served: ServeProcess
    errors: list[str]

    def link(self) -> str:
        return str(
            wait_until(lambda: re.search(r"http://\S+/app/setup/link/\S+", self.served.text()), "link")[0]
        )

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).or_(
            self.page.get_by_role("link", name=name, exact=True)
        ).first.click()

    def looked_at(self) -> None:
        """The page fits a small phone without scrolling sideways."""
        former = self.page.viewport_size
        self.page.set_viewport_size(SMALL)  # type: ignore[arg-type]
        width = self.page.evaluate("document.documentElement.scrollWidth")
        assert width <= SMALL["width"], f"{self.page.url} is {width} px wide"
        self.page.set_viewport_size(former)  # type: ignore[arg-type]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServeProcess]:
    with serving(settings_for(tmp_path / "new"), tmp_path) as started:
        wait_until(started.answers, "the pages answer")
        yield started


@pytest.mark.parametrize(
    ("size", "javascript"), [(PHONE, True), (DESK, False)], ids=["phone", "desktop without JavaScript"]
)
def test_an_empty_machine_leads_to_a_followed_link(
    browser: Browser, served: ServeProcess, size: dict[str, int], javascript: bool
) -> None:
    context = browser.new_context(viewport=size, java_script_enabled=javascript)  # type: ignore[arg-type]
    start = Start(context.new_page(), served, [])
    start.page.on("console", lambda message: start.errors.append(message.text))
    try:
        _name_owner_and_brand(start)
        _set_terms(start, live=javascript)
        _connect_shop(start)
        _invite_and_link(start)
        _follow(start, live=javascript)
        refused = [text for text in start.errors if "422" not in text]
        assert refused == []
        assert served.text().count("/app/setup/link/") == 1
    finally:
        context.close()


def _name_owner_and_brand(start: Start) -> None:
    page = start.page
    page.goto(f"{start.served.url}/")
    expect(page.get_by_role("heading", name="Set up Linkledger")).to_be_visible()
    page.goto(start.link())
    assert page.url.endswith("/app/setup/you")  # the token is gone from the address
    start.looked_at() if _has_script(start) else None
    page.get_by_label("Your name").fill("Ada Lovelace")
    page.get_by_label("Your e-mail address").fill("ada@shop.example")
    start.press("Save and name the brand")
    page.get_by_label("Name of the brand").fill("Kaffee Nord")
    page.get_by_label("Host name of the shop").fill("https://shop.example/")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    start.press("Save and say what creators earn")


def _set_terms(start: Start, *, live: bool) -> None:
    page = start.page
    expect(page.locator("#example")).to_contain_text("€8.00")
    page.get_by_label("Commission").fill("12.5")
    if not live:
        start.press("Only show the example")
    expect(page.locator("#example")).to_contain_text("€10.00")
    page.get_by_label("How long a click counts").fill("a month")
    start.press("Save and connect the shop")
    expect(page).to_have_title(re.compile("^Error:"))
    assert page.get_by_label("How long a click counts").input_value() == "a month"
    page.get_by_label("How long a click counts").fill("30")
    page.go_back()
    page.go_forward()  # back and forward lose nothing that was saved
    page.goto(page.url)
    page.get_by_label("Commission").fill("12.5")
    start.press("Save and connect the shop")


def _connect_shop(start: Start) -> None:
    page = start.page
    page.get_by_label("Another shop, or a program of your own").check()
    start.press("Connect it")
    secret = page.locator("code", has_text="whsec_").inner_text()
    start.looked_at() if _has_script(start) else None
    page.reload()
    assert secret not in page.content()  # it is shown once
    start.press("Send a test order")
    expect(page.get_by_role("main")).to_contain_text("was booked as a test")
    expect(page.locator("#steps")).not_to_contain_text("not yet")
    start.press("Invite the first creators")


def _invite_and_link(start: Start) -> None:
    page = start.page
    start.press("Invite creators")
    page.get_by_label("A list").fill(f"{ODD_NAME} <zoe@creators.example>\ntom@creators.example; Tom\nnobody")
    start.press("Invite")
    expect(page.get_by_role("main")).to_contain_text("Line 3: nobody")
    start.press("Invite the 2 that can be read")
    expect(page.get_by_role("main")).to_contain_text("/app/invitations/")
    start.looked_at() if _has_script(start) else None
    start.press("Make a link")
    page.get_by_label("Short code").fill("zoe-tea")
    start.press("Make the link")


def _follow(start: Start, *, live: bool) -> None:
    page = start.page
    expect(page.get_by_role("main")).to_contain_text("Nobody has followed it yet")
    link = page.locator("p.url.big a").get_attribute("href") or ""
    start.looked_at() if _has_script(start) else None
    visitor = page.context.browser.new_context(user_agent=VISITOR)  # type: ignore[union-attr]
    tab = visitor.new_page()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    with suppress(Error):  # no machine has the name of the shop
        tab.goto(link)
    assert asked[-1].startswith("https://shop.example/?ll=")
    visitor.close()
    if live:
        expect(page.get_by_role("main")).to_contain_text("The first click has come", timeout=20_000)
    else:
        wait_until(lambda: page.reload() and "The first click has come" in page.content(), "the first click")
    start.press("To the overview")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing waits for you")


def _has_script(start: Start) -> bool:
    """Measuring a page needs JavaScript."""
    return start.page.viewport_size == PHONE


VISITOR = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Mobile Safari/537.36"
)
