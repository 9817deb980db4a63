"""What every page must be in a browser: accessible to axe, usable at any size, silent under its policy (CSP).

    with open_browser() as browser:
        assert faults_of(browser, f"{url}/app/components") == []

The sizes are a phone, a desktop, the smallest phone (320 px), and 400 % zoom (320 x 256), light and dark. A
name keeps screenshots in the folder of LINKLEDGER_SCREENSHOTS, if that is set.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, ConsoleMessage, Page

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
SCREENSHOTS_VARIABLE = "LINKLEDGER_SCREENSHOTS"
MAX_TAB_STOPS = 400

Scheme = Literal["light", "dark"]
PreparePage = Callable[[Page], None]


@dataclass(frozen=True)
class View:
    """A size of the window in CSS pixels, and light or dark."""

    width: int
    height: int
    scheme: Scheme

    @property
    def name(self) -> str:
        return f"{self.width}x{self.height}-{self.scheme}"


PHONE, DESKTOP = View(390, 844, "light"), View(1280, 900, "light")
AXE_VIEWS = (PHONE, View(390, 844, "dark"), DESKTOP, View(1280, 900, "dark"))
NARROW_VIEWS = (View(320, 568, "light"), View(320, 256, "light"))
"""The second is a desktop of 1280 x 1024 at 400 % zoom (WCAG 1.4.10)."""

_COVERED = """() => {
  const stop = document.activeElement;
  if (!stop || stop === document.body) return null;
  const box = stop.getBoundingClientRect();
  const inside = (a, b) => a && b && (a.contains(b) || b.contains(a));
  const xs = [box.left + 2, (box.left + box.right) / 2, box.right - 2];
  const ys = [box.top + 2, (box.top + box.bottom) / 2, box.bottom - 2];
  const seen = xs.some(x => ys.some(y => inside(document.elementFromPoint(x, y), stop)
    || (stop.labels && [...stop.labels].some(label => inside(document.elementFromPoint(x, y), label)))));
  return {seen, what: stop.outerHTML.slice(0, 120)};
}"""


def faults_of(
    browser: Browser,
    url: str,
    *,
    name: str = "",
    cookies: list[Any] | None = None,
    views: tuple[View, ...] = (*AXE_VIEWS, *NARROW_VIEWS),
    prepare: PreparePage | None = None,
) -> list[str]:
    """Everything that is wrong with a page in any view, as sentences. `prepare` acts before it is judged."""
    faults: list[str] = []
    for view in views:
        with opened(browser, url, view, cookies) as (page, messages):
            if prepare is not None:
                prepare(page)
            keep_screenshot(page, name, view)
            found = [*sideways(page), *messages]
            if view.scheme == "light":  # the other scheme changes no place
                found += hidden_stops(page)
            if view in AXE_VIEWS:
                found += violations(page)
            faults += [f"{view.name}: {fault}" for fault in found]
    return faults


@contextmanager
def opened(
    browser: Browser, url: str, view: View, cookies: list[Any] | None = None, *, with_scripts: bool = True
) -> Iterator[tuple[Page, list[str]]]:
    """A page in this view, and what the browser reports about it: errors, refused code, foreign hosts."""
    context = browser.new_context(
        viewport={"width": view.width, "height": view.height},
        color_scheme=view.scheme,
        java_script_enabled=with_scripts,
        locale="en",
        reduced_motion="reduce",  # no smooth scrolling while places are measured
    )
    context.add_cookies(cookies or [])
    messages: list[str] = []
    context.on("weberror", lambda error: messages.append(str(error.error)))
    context.on("console", lambda line: messages.append(line.text) if _is_fault(line, url) else None)
    origin = "/".join(url.split("/")[:3])
    context.on("request", lambda sent: None if _is_own(sent.url, origin) else messages.append(sent.url))
    page = context.new_page()
    page.goto(url)
    try:
        yield page, messages
    finally:
        context.close()


def violations(page: Page) -> list[str]:
    """What axe finds, with folds open: rule, impact, and the element."""
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    page.evaluate(AXE_SCRIPT)
    options = json.dumps({"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]})
    results = page.evaluate(f"axe.run({options})")
    return [
        f"{found['id']} ({found['impact']}): {node['html'][:160]} {node['failureSummary'][:200]}"
        for found in results["violations"]
        for node in found["nodes"]
    ]


def sideways(page: Page) -> list[str]:
    """Whether the page, not only a table in it, scrolls sideways."""
    widths = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    return [f"scrolls sideways: {widths[0]} of {widths[1]} px"] if widths[0] > widths[1] else []


def hidden_stops(page: Page) -> list[str]:
    """Stops of the Tab key that something covers while they have the focus (WCAG 2.4.11)."""
    faults: list[str] = []
    first = None
    page.evaluate("() => { document.activeElement?.blur(); scrollTo(0, 0); }")
    for _ in range(MAX_TAB_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(_COVERED)
        if stop is None or (first is not None and stop["what"] == first):
            break
        first = first or stop["what"]
        if not stop["seen"]:
            faults.append(f"the focus is covered: {stop['what']}")
    return faults


def keep_screenshot(page: Page, name: str, view: View) -> None:
    folder = os.environ.get(SCREENSHOTS_VARIABLE)
    if folder and name:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}-{view.name}.png", full_page=True)


def _is_fault(line: ConsoleMessage, url: str) -> bool:
    """The browser also reports the status of an error page; that is what the page is for."""
    is_status = line.text.startswith("Failed to load resource") and line.location.get("url") == url
    return line.type == "error" and not is_status


def _is_own(url: str, origin: str) -> bool:
    return url.startswith((origin + "/", "data:", "blob:", "about:"))
