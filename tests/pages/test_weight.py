"""The first load of every page with real data: at most 34 kB compressed, all from this site, nothing inline.

HTML at most 10 kB, style sheets 7, scripts 17 (PAGES 8).
"""

import gzip
import re
from html.parser import HTMLParser

from flask import Flask
from flask.testing import FlaskClient

from tests.pages.installation import Installation
from tests.pages.walk import client_of, stops_of

HTML, STYLES, SCRIPTS = 10_000, 7_000, 17_000
"""Bytes after gzip."""
GZIP = {"Accept-Encoding": "gzip"}


class Parts(HTMLParser):
    """Addresses of what the browser loads with a page, and what stands inline in it."""

    def __init__(self) -> None:
        super().__init__()
        self.styles: list[str] = []
        self.scripts: list[str] = []
        self.others: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        address = values.get("src") or (values.get("href") if tag == "link" else None)
        if tag == "script" and address:
            self.scripts.append(address)
        elif tag == "link" and values.get("rel") == "stylesheet":
            self.styles.append(address or "")
        elif address:
            self.others.append(address)
        if (tag == "script" and not address) or tag == "style":
            self.inline.append(f"<{tag}>")
        self.inline += [name for name in values if name == "style" or name.startswith("on")]


def size_of(client: FlaskClient, path: str) -> int:
    """Bytes of the body as they travel."""
    response = client.get(path, headers=GZIP)
    assert response.status_code == 200, path
    return len(response.data)


def test_every_page_is_light_and_loads_from_this_site_alone(app: Flask, installation: Installation) -> None:
    faults, seen = [], set()
    for stop in stops_of(app, installation):
        client = client_of(app, installation, stop.visitor)
        response = client.get(stop.path, headers=GZIP)
        is_packed = response.headers.get("Content-Encoding") == "gzip"
        html = (gzip.decompress(response.data) if is_packed else response.data).decode(errors="replace")
        if not html.startswith("<!doctype html>"):
            continue
        seen.add(stop.endpoint)
        parts = Parts()
        parts.feed(html)
        sizes = {"HTML": len(response.data)}
        sizes["styles"] = sum(size_of(client, path) for path in parts.styles)
        sizes["scripts"] = sum(size_of(client, path) for path in parts.scripts)
        for name, limit in (("HTML", HTML), ("styles", STYLES), ("scripts", SCRIPTS)):
            if sizes[name] > limit:
                faults.append(f"{stop}: {sizes[name]} bytes of {name}")
        foreign = [
            each for each in (*parts.styles, *parts.scripts, *parts.others) if not re.match("/[^/]", each)
        ]
        faults += [f"{stop}: {each}" for each in (*foreign, *parts.inline)]
    assert len(seen) > 20
    assert not faults, "\n".join(faults)
