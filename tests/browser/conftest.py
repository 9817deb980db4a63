"""One browser and one marketplace for all tests of a module, and a new shopper for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.browser.marketplace import Marketplace, open_marketplace
from tests.browser.server import LAYOUT, Storefront
from tests.conftest import settings_for
from tests.harness.chromium import open_browser
from tests.tracker.clicks.visitors import PEOPLE

# Headless Chromium identifies itself as such, and the edge would count it as a crawler.
PHONE = PEOPLE["Chrome on Android"][0]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_marketplace(
    browser: Browser, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Marketplace]:
    home = tmp_path_factory.mktemp("marketplace") / "home"
    shutil.copytree(sqlite_template, home)
    with open_marketplace(settings_for(home, spool_mb=1)) as opened:
        yield opened


@pytest.fixture
def marketplace(shared_marketplace: Marketplace) -> Iterator[Marketplace]:
    """Resets the plain shop after the test and fails if the server of a shop had an error."""
    plain = shared_marketplace.plain
    yield shared_marketplace
    plain.pages.clear()
    plain.posts.clear()
    plain.options, plain.layout = "", LAYOUT
    errors = shared_marketplace.take_errors()
    assert errors == []


class BrowserLog:
    """Hosts that a browser requested and errors that it reported since the last reset."""

    def __init__(self, context: BrowserContext) -> None:
        self.hosts: set[str] = set()
        self.errors: list[str] = []
        context.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname or ""))
        context.on("console", self._record)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))

    def _record(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def reset(self) -> None:
        self.hosts.clear()
        self.errors.clear()


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[tuple[Page, BrowserLog]]:
    """Shared by the tests of a module: opening a tab takes longer than the tests themselves."""
    context = browser.new_context(user_agent=PHONE)
    yield context.new_page(), BrowserLog(context)
    context.close()


@pytest.fixture
def page(tab: tuple[Page, BrowserLog], marketplace: Marketplace) -> Iterator[Page]:
    """The page of a new shopper.

    After the test: it has requested only local hosts, has no cookie except a shop's cart, and had no error.
    """
    page, log = tab
    storage = page.context.new_cdp_session(page)
    for front in marketplace.fronts:
        storage.send("Storage.clearDataForOrigin", {"origin": front.url, "storageTypes": "all"})
    page.context.clear_cookies()
    log.reset()
    yield page
    storage.detach()
    cookies = {str(cookie["name"]) for cookie in page.context.cookies()}
    assert log.hosts <= {"localhost", "127.0.0.1"}
    assert cookies <= {"cart"}
    assert log.errors == []


@pytest.fixture
def front(marketplace: Marketplace) -> Storefront:
    """The plain shop."""
    return marketplace.plain


@pytest.fixture
def other_page(page: Page) -> Iterator[Page]:
    """A second tab of the same shopper, for changes that cannot be undone in the shared one."""
    opened = page.context.new_page()
    yield opened
    opened.close()
