"""Chromium for browser tests: the system's browser, driven by Playwright, which does not download one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

PATH_VARIABLE = "LINKLEDGER_CHROMIUM"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MACOS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
# Without these flags, it contacts update servers and other hosts at every start; tests need loopback only.
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


class BrowserUnavailable(Exception):
    """No Chromium was found. The message says how to get one."""


def find_chromium() -> str:
    """The path of the browser: LINKLEDGER_CHROMIUM, else the system's. Raises BrowserUnavailable."""
    given = os.environ.get(PATH_VARIABLE)
    if given:
        found = shutil.which(given)
        if found is None:
            raise BrowserUnavailable(f"{PATH_VARIABLE}={given} is not a program")
        return found
    for name in (*_NAMES, *_MACOS):
        found = shutil.which(name)
        if found is not None:
            return found
    raise BrowserUnavailable(
        f"no Chromium here: apt-get install chromium, or set {PATH_VARIABLE} to the path of a browser"
    )


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A headless browser, closed at the end. Skips the test, with the reason, if there is none.

    Use it in a fixture: one browser for all tests of a process, one `browser.new_context()` per test.
    """
    try:
        path = find_chromium()
    except BrowserUnavailable as error:
        pytest.skip(str(error))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()
