"""The Flask door: real requests to a real server on loopback, and odd ones."""

import http.client
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from config.database import Databases, open_databases, transact
from config.settings import Settings
from tests.tracker.cast import Cast
from tests.tracker.clicks.visitors import CRAWLERS, PEOPLE
from tracker.clicks.models import Click
from tracker.clicks.pages import blueprint
from tracker.clicks.recorder import Recorder
from tracker.clicks.token import read_token
from tracker.people.access import Access
from tracker.programs.operations import create_link, set_link_state
from tracker.site import Site, install
from tracker.ui.pages import blueprint as ui

DESTINATION = "https://shop.example/tea?x=1&y=%26#top"
POLL_S = 0.02
BROWSER = PEOPLE["Safari on iPhone"][0]


@dataclass(frozen=True)
class Door:
    app: Flask
    databases: Databases
    settings: Settings
    port: int
    link_id: str

    def ask(self, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, headers={"User-Agent": BROWSER, **headers})
        return connection.getresponse()

    def send(self, request: bytes) -> bytes:
        """The whole answer to raw bytes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def verdicts(self) -> list[str]:
        with self.databases.clicks.connect() as connection:
            return sorted(connection.scalars(select(Click.verdict)))


@pytest.fixture
def door(settings: Settings, databases: Databases, cast: Cast, now: datetime) -> Iterator[Door]:
    def make(session: Session) -> str:
        link = create_link(
            session,
            now,
            program_id=cast.program_id,
            creator_id=cast.anna_id,
            destination=DESTINATION,
            code="Anna",
            sub_ids={"s1": "bio"},
        )
        return link.id

    app = Flask("door")
    site = Site(settings, databases, Recorder(settings.clicks_url))
    install(app, site)
    app.register_blueprint(ui)
    app.register_blueprint(blueprint)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(POLL_S,), daemon=True)
    thread.start()
    yield Door(app, databases, settings, server.server_port, transact(databases.main, make))
    server.shutdown()
    thread.join()
    server.server_close()
    site.recorder.close()


def is_right_redirect(door: Door, location: str) -> bool:
    found = re.fullmatch(r"https://shop\.example/tea\?x=1&y=%26(?:&ll=([A-Za-z0-9_-]{87}))?#top", location)
    if found is None:
        return False
    return found[1] is None or read_token(door.settings.secret_keys, found[1]).earns


@pytest.mark.parametrize("code", ["Anna", "anna", "ANNA", "%41nna"])
def test_a_link_leads_to_its_destination_in_any_case(door: Door, code: str) -> None:
    response = door.ask(f"/{code}", Referer="https://blog.example/post")
    assert (response.status, response.read()) == (302, b"")
    assert response.headers["Cache-Control"] == "no-store, private"
    assert "Referrer-Policy" not in response.headers
    assert "Set-Cookie" not in response.headers
    assert "&ll=" in response.headers["Location"]
    assert is_right_redirect(door, response.headers["Location"])
    assert door.verdicts() == ["person"]


def test_head_and_machines_get_no_token(door: Door) -> None:
    for response in (door.ask("/anna", "HEAD"), door.ask("/anna", **{"User-Agent": CRAWLERS["Bing"]})):
        assert (response.status, response.headers["Location"]) == (302, DESTINATION)
    assert door.verdicts() == ["crawler", "head"]


def test_nothing_in_the_request_chooses_the_destination(door: Door) -> None:
    for query in (
        "to=https://evil.example",
        "url=//evil.example",
        "ll=x",
        "destination=x&next=/evil",
        "s1=x",
    ):
        response = door.ask(
            f"/anna?{query}",
            Host="evil.example",
            **{"X-Forwarded-Host": "evil.example", "X-Original-URL": "/x"},
        )
        assert is_right_redirect(door, response.headers["Location"])


def test_a_code_that_leads_nowhere_is_a_friendly_page_and_no_row(door: Door) -> None:
    transact(
        door.databases.main, lambda session: set_link_state(session, link_id=door.link_id, state="paused")
    )
    for path in ("/anna", "/nobody"):
        response = door.ask(path)
        assert response.status == 404
        assert response.headers["Cache-Control"] == "no-store, private"
        assert "This link leads nowhere" in response.read().decode()
    assert door.verdicts() == []


@pytest.mark.parametrize("path", ["/ab", "/" + "x" * 65, "/a.b", "/anna/", "/anna/x", "/favicon.ico"])
def test_what_cannot_be_a_code_is_an_ordinary_unknown_page(door: Door, path: str) -> None:
    response = door.ask(path)
    assert response.status == 404
    assert "This link leads nowhere" not in response.read().decode()


def test_other_methods_are_refused(door: Door) -> None:
    assert door.ask("/anna", "POST").status == 405
    assert door.verdicts() == []


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_an_unreadable_database_is_a_short_page_that_says_to_try_again(door: Door, tmp_path: Path) -> None:
    elsewhere = door.settings.model_copy(update={"home": tmp_path / "nowhere"})
    broken = Site(elsewhere, open_databases(elsewhere), Recorder(elsewhere.clicks_url))
    install(door.app, broken)
    response = door.ask("/anna")
    assert (response.status, response.headers["Retry-After"]) == (503, "5")
    assert "try again" in response.read().decode()
    broken.databases.close()


ODD_REQUESTS = {
    "control characters in the path": b"GET /an\x01\x7fna HTTP/1.1\r\n\r\n",
    "an encoded line end in the path": b"GET /anna%0d%0aX:%20y HTTP/1.1\r\n\r\n",
    "an encoded line end in the query": b"GET /anna?x=%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\n\r\n",
    "an encoded zero": b"GET /anna%00 HTTP/1.1\r\n\r\n",
    "broken percent encoding": b"GET /anna%zz%4?%=%f HTTP/1.1\r\n\r\n",
    "invalid UTF-8 in the path": b"GET /ann\xff\xfe%ff%c0%af HTTP/1.1\r\n\r\n",
    "8 kB of query": b"GET /anna?" + b"q=1&" * 2048 + b" HTTP/1.1\r\n\r\n",
    "invalid UTF-8 in the headers": (
        b"GET /anna HTTP/1.1\r\nUser-Agent: \xff\xfe\x80 Mozilla\r\nReferer: https://\xc3\x28/\r\n"
        b"Sec-Purpose: \xff\r\nSec-Fetch-Dest: \xf0\x9f\r\n\r\n"
    ),
    "8 kB of user agent": b"GET /anna HTTP/1.1\r\nUser-Agent: " + b"Mozilla/5.0 " * 700 + b"\r\n\r\n",
    "a foreign whole address": b"GET http://evil.example/anna HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "two slashes": b"GET //evil.example/%2e%2e/anna HTTP/1.1\r\n\r\n",
    "a host that is none": b"GET /anna HTTP/1.1\r\nHost: ]:[@\\evil\r\n\r\n",
    "a broken cookie": b"GET /anna HTTP/1.1\r\nCookie: a=\xff;;=;\x01\r\n\r\n",
    "a broken length": b"GET /anna HTTP/1.1\r\nContent-Length: x\r\n\r\n",
}


@pytest.mark.parametrize("name", ODD_REQUESTS)
def test_an_odd_request_is_redirected_rightly_or_refused_cleanly(door: Door, name: str) -> None:
    answer = door.send(ODD_REQUESTS[name])
    head = answer.partition(b"\r\n\r\n")[0].decode("latin-1")
    status = int(head.split()[1])
    assert status == 302 or 400 <= status < 500, head
    assert "set-cookie" not in head.lower()
    if status == 302:
        found = re.search(r"^Location: (.*)$", head, re.MULTILINE)
        assert found is not None
        assert is_right_redirect(door, found[1].strip())


HEADER_TEXT = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=400
)
NAMES = ("User-Agent", "Referer", "Sec-Purpose", "Purpose", "X-Purpose", "X-Moz", "Sec-Fetch-Dest")


@pytest.mark.parametrize("database_kind", ["sqlite"])
@given(st.dictionaries(st.sampled_from(NAMES), HEADER_TEXT), st.text(max_size=60))
@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_header_and_no_query_make_an_error_or_another_destination(
    door: Door, headers: dict[str, str], query: str
) -> None:
    response = door.app.test_client().get("/anna", headers=headers, query_string={"q": query, query: "q"})
    assert response.status_code == 302
    assert is_right_redirect(door, response.headers["Location"])


def test_the_view_says_who_may_call_it(door: Door) -> None:
    access = getattr(door.app.view_functions["clicks.follow_link"], "__access__", None)
    assert isinstance(access, Access)
    assert access.kind == "public"
