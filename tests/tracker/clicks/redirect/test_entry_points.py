"""Both entry points do the same over real HTTP: for people, machines and malformed requests."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from config.database import open_databases, transact
from config.settings import Settings
from tests.cast.people import PERSON, START
from tests.tracker.clicks.entry_points import DESTINATION, ENTRY_POINTS, EntryPoint, OpenEntryPoint
from tests.tracker.clicks.visitors import CRAWLERS
from tracker.programs.links.state_changes import set_link_state


@pytest.mark.parametrize("code", ["Anna", "anna", "ANNA", "%41nna"])
def test_a_link_leads_to_its_destination_in_any_case(entry_point: EntryPoint, code: str) -> None:
    response = entry_point.request(f"/{code}", Referer="https://blog.example/post")
    assert (response.status, response.read()) == (302, b"")
    assert response.headers["Cache-Control"] == "no-store, private"
    assert "Referrer-Policy" not in response.headers
    assert "Set-Cookie" not in response.headers
    assert "&ll=" in response.headers["Location"]
    assert entry_point.is_right(response.headers["Location"])
    assert entry_point.verdicts() == ["person"]


def test_head_requests_and_machines_get_no_token(entry_point: EntryPoint) -> None:
    for response in (
        entry_point.request("/anna", "HEAD"),
        entry_point.request("/anna", **{"User-Agent": CRAWLERS["Bing"]}),
    ):
        assert (response.status, response.headers["Location"]) == (302, DESTINATION)
    assert entry_point.verdicts() == ["crawler", "head"]


def test_the_request_cannot_change_the_destination(entry_point: EntryPoint) -> None:
    queries = ("to=https://evil.example", "url=//evil.example", "ll=x", "destination=x&next=/evil", "s1=x")
    for query in queries:
        headers = {"X-Forwarded-Host": "evil.example", "X-Original-URL": "/x", "Host": "evil.example"}
        response = entry_point.request(f"/anna?{query}", **headers)
        assert entry_point.is_right(response.headers["Location"])


def test_an_unknown_or_paused_code_shows_a_page_and_stores_no_click(entry_point: EntryPoint) -> None:
    transact(
        entry_point.databases.main,
        lambda session: set_link_state(
            session, START, actor=PERSON, link_id=entry_point.link_id, state="paused"
        ),
    )
    for path in ("/anna", "/nobody"):
        response = entry_point.request(path)
        assert response.status == 404
        assert response.headers["Cache-Control"] == "no-store, private"
        assert "This link leads nowhere" in response.read().decode()
    assert entry_point.verdicts() == []


def test_a_paused_link_stops_after_the_next_poll(entry_point: EntryPoint) -> None:
    assert entry_point.request("/anna").status == 302
    transact(
        entry_point.databases.main,
        lambda session: set_link_state(
            session, START, actor=PERSON, link_id=entry_point.link_id, state="paused"
        ),
    )
    assert entry_point.request("/anna").status == 302, "it is still cached"
    entry_point.links.poll()
    assert entry_point.request("/anna").status == 404


def test_health_is_reported(entry_point: EntryPoint) -> None:
    assert entry_point.request("/healthz").status == 200


def test_other_methods_are_rejected(entry_point: EntryPoint) -> None:
    assert entry_point.request("/anna", "POST").status == 405
    assert entry_point.verdicts() == []


@pytest.mark.parametrize("path", ["/ab", "/" + "x" * 65, "/a.b", "/anna/", "/anna/x", "/favicon.ico"])
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_an_impossible_code_is_404(entry_point: EntryPoint, path: str) -> None:
    assert entry_point.request(path).status == 404


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("open_entry_point", ENTRY_POINTS.values(), ids=ENTRY_POINTS)
def test_an_unreadable_database_gives_503_with_retry_after(
    settings: Settings, tmp_path: Path, open_entry_point: OpenEntryPoint
) -> None:
    without_database = settings.model_copy(update={"home": tmp_path / "nowhere", "spool_mb": 1})
    with open_entry_point(without_database, open_databases(without_database), "") as broken:
        response = broken.request("/anna")
        assert (response.status, response.headers["Retry-After"]) == (503, "5")
        assert "try again" in response.read().decode()


TARGETS = {
    "/Anna": 302,
    "/%41nna": 302,
    "/%61%6E%6e%61": 302,
    "/%2541nna": 404,
    "/anna%20": 404,
    "/anna%3Fs1=x": 404,
    "/anna%2F": 404,
    "/ann%zz": 404,
    "/anna%": 404,
    "/%c3%a4nna": 404,
    "/anna?s1=%zz&%": 302,
    "/anna?": 302,
    "/anna#part": 302,
    "/anna?x#part": 302,
    "http://other.example/anna": 302,
    "HTTPS://other.example:1/%41nna?x": 302,
    "/anna;x": 404,
    "/./anna": 404,
    "/x/../anna": 404,
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_target_is_decoded_in_the_same_way(entry_point: EntryPoint, target: str) -> None:
    request = (
        f"GET {target} HTTP/1.1\r\nHost: x\r\nUser-Agent: Mozilla/5.0 (iPhone)\r\nConnection: close\r\n\r\n"
    )
    assert int(entry_point.send(request.encode()).split()[1]) == TARGETS[target]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_a_client_that_asks_to_close_the_connection_gets_its_redirect(
    entry_point: EntryPoint, method: str, version: str
) -> None:
    request = f"{method} /anna {version}\r\nHost: x\r\nConnection: close\r\n\r\n"
    head, _, body = entry_point.send(request.encode()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 302 ")
    assert b"content-length: 0" in head.lower()
    assert body == b""


MALFORMED_REQUESTS = {
    "control characters in the path": b"GET /an\x01\x7fna HTTP/1.1\r\n",
    "an encoded line end in the path": b"GET /anna%0d%0aX:%20y HTTP/1.1\r\n",
    "an encoded line end in the query": b"GET /anna?x=%0d%0aSet-Cookie:%20a=b HTTP/1.1\r\n",
    "an encoded zero": b"GET /anna%00 HTTP/1.1\r\n",
    "broken percent encoding": b"GET /anna%zz%4?%=%f HTTP/1.1\r\n",
    "invalid UTF-8 in the path": b"GET /ann\xff\xfe%ff%c0%af HTTP/1.1\r\n",
    "8 kB of query": b"GET /anna?" + b"q=1&" * 2048 + b" HTTP/1.1\r\n",
    "20 kB of query": b"GET /anna?" + b"q=1&" * 5120 + b" HTTP/1.1\r\n",
    "invalid UTF-8 in the headers": (
        b"GET /anna HTTP/1.1\r\nUser-Agent: \xff\xfe\x80 Mozilla\r\nReferer: https://\xc3\x28/\r\n"
        b"Sec-Purpose: \xff\r\nSec-Fetch-Dest: \xf0\x9f\r\n"
    ),
    "8 kB of user agent": b"GET /anna HTTP/1.1\r\nUser-Agent: " + b"Mozilla/5.0 " * 700 + b"\r\n",
    "an absolute address of another host": b"GET http://evil.example/anna HTTP/1.1\r\nHost: evil.example\r\n",
    "two slashes": b"GET //evil.example/%2e%2e/anna HTTP/1.1\r\n",
    "an invalid host": b"GET /anna HTTP/1.1\r\nHost: ]:[@\\evil\r\n",
    "a broken cookie": b"GET /anna HTTP/1.1\r\nCookie: a=\xff;;=;\x01\r\n",
    "a broken length": b"GET /anna HTTP/1.1\r\nContent-Length: x\r\n",
    "an upgrade to a WebSocket": (
        b"GET /anna HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    ),
}


@pytest.mark.parametrize("name", MALFORMED_REQUESTS)
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_malformed_request_is_redirected_or_rejected(entry_point: EntryPoint, name: str) -> None:
    ending = b"\r\n" if b"Upgrade" in MALFORMED_REQUESTS[name] else b"Connection: close\r\n\r\n"
    response = entry_point.send(MALFORMED_REQUESTS[name] + ending)
    head = response.partition(b"\r\n\r\n")[0].decode("latin-1")
    status = int(head.split()[1])
    assert status == 302 or 400 <= status < 500, head
    assert "set-cookie" not in head.lower()
    if status == 302:
        found = re.search(r"^location: (.*)$", head, re.MULTILINE | re.IGNORECASE)
        assert found is not None
        assert entry_point.is_right(found[1].strip())


HEADER_TEXT = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=400
)
NAMES = ("User-Agent", "Referer", "Sec-Purpose", "Purpose", "X-Purpose", "X-Moz", "Sec-Fetch-Dest")
QUERY = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=60)


@pytest.mark.parametrize("database_kind", ["sqlite"])
@given(st.dictionaries(st.sampled_from(NAMES), HEADER_TEXT), QUERY)
@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_header_or_query_causes_an_error_or_another_destination(
    entry_point: EntryPoint, headers: dict[str, str], query: str
) -> None:
    response = entry_point.request(
        f"/anna?{query}", **{name: value.strip() for name, value in headers.items()}
    )
    assert response.status == 302
    assert entry_point.is_right(response.headers["Location"])
