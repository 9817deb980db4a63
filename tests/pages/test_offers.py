"""No page offers a link or a button for something that its reader may not do."""

from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.exceptions import HTTPException

from tests.architecture.running import access_of
from tests.pages.installation import Installation
from tests.pages.walk import client_of, stops_of, visitors_of


class Offers(HTMLParser):
    """The methods and paths of all links and forms of a page."""

    def __init__(self, here: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._here = here

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "a":
            self.found.append(("GET", values.get("href") or ""))
        elif tag == "form":
            self.found.append(((values.get("method") or "get").upper(), values.get("action") or self._here))
        elif "hx-get" in values:
            self.found.append(("GET", values["hx-get"] or ""))


def offers_of(html: str, here: str) -> Iterator[tuple[str, str]]:
    reader = Offers(here)
    reader.feed(html)
    for method, address in reader.found:
        if address.startswith("/app/"):
            yield method, urlsplit(address).path


def is_open(app: Flask, method: str, path: str, visitor: str) -> bool:
    """Whether a route has this path, and its declaration admits the visitor or anybody who is signed in."""
    try:
        endpoint, _values = app.url_map.bind("localhost").match(path, method)
    except HTTPException:
        return False
    access = access_of(app, endpoint)
    return access is not None and (access.kind in ("public", "person") or visitor in visitors_of(access))


def test_no_page_offers_what_its_reader_may_not_do(app: Flask, installation: Installation) -> None:
    faults, seen = set(), 0
    for stop in stops_of(app, installation):
        page = client_of(app, installation, stop.visitor).get(stop.path)
        for method, path in offers_of(page.text, stop.path):
            seen += 1
            if not is_open(app, method, path, stop.visitor):
                faults.add(f"{stop.endpoint} offers to {stop.visitor}: {method} {path}")
    assert seen > 100
    assert not faults, "\n".join(sorted(faults))
