"""Any request is redirected correctly or rejected: never a server error, never another host."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import Databases, transact
from config.settings import Settings
from tests.cast.people import PERSON, Cast
from tests.harness.processes.server import running_server
from tests.tracker.clicks.in_process import OpenInProcess, SendRequest
from tests.tracker.clicks.visitors import PEOPLE
from tracker.clicks.models import Click
from tracker.clicks.token import InvalidToken, make_token, read_token
from tracker.ids import new_uuid
from tracker.programs.links.domains import add_domain
from tracker.programs.links.operations import LinkOptions, create_link
from tracker.programs.rules import PASSABLE_PARAMETERS

BROWSER = PEOPLE["Chrome on Windows"][0]
LOCATION = re.compile(r"https://shop\.example/[!-~]*")
SQLITE_ONLY = pytest.mark.parametrize("database_kind", ["sqlite"])


def make_permissive_link(databases: Databases, cast: Cast, now: datetime) -> None:
    """A link with every option that visitors may use, and a host name of the brand."""

    def make(session: Session) -> None:
        options = LinkOptions(PASSABLE_PARAMETERS, deep_links=True)
        owner: dict[str, Any] = {"program_id": cast.program_id, "creator_id": cast.member_id}
        to = "https://shop.example/tea?x=1#top"
        create_link(session, now, actor=PERSON, **owner, destination=to, code="anna", options=options)
        add_domain(session, now, actor=PERSON, brand_id=cast.brand_id, host="go.teas.example", own_host="")

    transact(databases.main, make)


@pytest.fixture
def send_request(
    in_process: OpenInProcess, settings: Settings, databases: Databases, cast: Cast, now: datetime
) -> Iterator[SendRequest]:
    make_permissive_link(databases, cast, now)
    with in_process(settings) as opened:
        yield opened


def is_right(status: int, location: str | None, keys: tuple[str, ...]) -> bool:
    """A redirect to the shop with a valid token or none, or a 4xx status."""
    if status != 302:
        return 400 <= status < 500
    if location is None or not LOCATION.fullmatch(location) or urlsplit(location).netloc != "shop.example":
        return False
    tokens = parse_qs(urlsplit(location).query).get("ll", [])
    return len(tokens) <= 1 and all(read_token(keys, each).earns for each in tokens)


BYTES = st.text(st.characters(max_codepoint=255), max_size=60)
HOSTILE = st.sampled_from(
    ["//evil.example", "/\\evil.example", "%2f%2fevil.example", "/%09/evil.example", "javascript:alert(1)"]
    + [
        "https://evil.example",
        "/@evil.example",
        "/a%0d%0aSet-Cookie:%20x=y",
        "/%e2%80%ae",
        "/%zz",
        "%00",
        "/..//",
    ]
    + ["https://shop.example@evil.example/", "/\u00e9\u0301", "/%c0%af%c0%af", "/\x00", "\u00a0//evil"]
).map(lambda value: value.encode().decode("latin-1"))
"""One character for each byte, as in WSGI."""
PAIR = st.tuples(
    st.sampled_from([*PASSABLE_PARAMETERS, "to", "ll", "%6c%6c", "next"]), st.one_of(BYTES, HOSTILE)
)
QUERY = st.one_of(BYTES, st.lists(PAIR.map("=".join), max_size=5).map("&".join))
NAMES = ("User-Agent", "Referer", "Sec-Purpose", "Purpose", "X-Purpose", "X-Moz", "Sec-Fetch-Dest", "Host")
MORE = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "CF-IPCountry", "Cookie")
HEADERS = st.dictionaries(st.sampled_from([*NAMES, *MORE]), st.one_of(BYTES, HOSTILE))
PATH = st.one_of(st.just("/anna"), BYTES.map("/".__add__), HOSTILE)
PEER = st.sampled_from(["127.0.0.1", "203.0.113.9", "", "unix:", "::1"])


@SQLITE_ONLY
@given(PATH, QUERY, HEADERS, PEER)
@hypothesis_settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_request_causes_an_error_or_a_redirect_to_another_host(
    send_request: SendRequest, settings: Settings, path: str, query: str, headers: dict[str, str], peer: str
) -> None:
    response = send_request(path, query, list(headers.items()), peer)
    status, location = response.status, response.location
    assert b"Traceback" not in response.body
    assert "set-cookie" not in [name.lower() for name, _ in response.headers]
    if path == "/" or path.startswith("//"):
        assert status < 500
        return
    assert is_right(status, location, settings.secret_keys) or status == 200, (status, location)


REQUESTS = {
    "control characters in the path": b"GET /an\x01\x7fna HTTP/1.1",
    "an encoded line end in the path": b"GET /anna%0d%0aX:%20y HTTP/1.1",
    "an encoded line end in a passed label": b"GET /anna?s1=%0d%0aSet-Cookie:%20a=b HTTP/1.1",
    "a line end in the query": b"GET /anna?s1=\rSet-Cookie:a HTTP/1.1",
    "an encoded zero": b"GET /anna%00 HTTP/1.1",
    "broken percent encoding": b"GET /anna?s1=%zz&to=/%4&%=%f HTTP/1.1",
    "invalid UTF-8": b"GET /anna?s1=\xff\xfe&to=/%ff%c0%af HTTP/1.1",
    "8 kB of query": b"GET /anna?" + b"s1=1&" * 1638 + b" HTTP/1.1",
    "8 kB of one label": b"GET /anna?s1=" + b"a" * 8192 + b" HTTP/1.1",
    "a deep link to //evil": b"GET /anna?to=//evil.example/ HTTP/1.1",
    "a deep link with a backslash": b"GET /anna?to=/\\evil.example/ HTTP/1.1",
    "a deep link to javascript": b"GET /anna?to=javascript:alert(1) HTTP/1.1",
    "a deep link with a user": b"GET /anna?to=@evil.example/ HTTP/1.1",
    "a deep link with full-width slashes": b"GET /anna?to=/%EF%BC%8F%EF%BC%8Fevil.example HTTP/1.1",
    "a forged token": b"GET /anna?ll=" + b"A" * 87 + b" HTTP/1.1",
    "an absolute address of another host": b"GET http://evil.example/anna HTTP/1.1\r\nHost: evil.example",
    "two slashes": b"GET //evil.example/%2e%2e/anna HTTP/1.1",
    "an invalid host": b"GET /anna HTTP/1.1\r\nHost: ]:[@\\evil",
    "an international host": "GET /anna HTTP/1.1\r\nHost: bücher.example".encode(),
    "a spoofed proxy": b"GET /anna HTTP/1.1\r\nX-Forwarded-For: 8.8.8.8\r\nX-Forwarded-Host: evil.example",
    "a spoofed country": b"GET /anna HTTP/1.1\r\nCF-IPCountry: US",
    "headers that are not UTF-8": b"GET /anna HTTP/1.1\r\nReferer: https://\xc3\x28/\r\nSec-Purpose: \xff",
    "two lengths": b"GET /anna HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2",
    "a missing body": b"GET /anna HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3",
}


@SQLITE_ONLY
@pytest.mark.parametrize("process", ["web", "edge"])
def test_malformed_requests_over_real_http(
    settings: Settings, databases: Databases, cast: Cast, now: datetime, process: str
) -> None:
    make_permissive_link(databases, cast, now)
    own = settings.model_copy(update={"country_header": "CF-IPCountry", "trusted_proxies": "203.0.113.1"})
    failures = {}
    with running_server(own, "--only", process) as server:
        for name, request in REQUESTS.items():
            response = server.send(request + b"\r\nUser-Agent: " + BROWSER.encode() + b"\r\n")
            head = response.partition(b"\r\n\r\n")[0].decode("latin-1")
            assert head, name
            status = int(head.split()[1])
            found = re.search(r"^location: ([^\r\n]*)\r?$", head, re.MULTILINE | re.IGNORECASE)
            ok = is_right(status, found[1] if found else None, settings.secret_keys)
            if not ok or "set-cookie" in head.lower():
                failures[name] = head[:300]
        assert failures == {}
        assert server.get("/anna", **{"User-Agent": BROWSER}).status == 302
    with databases.clicks.connect() as connection:
        assert set(connection.scalars(select(Click.country))) == {None}


@pytest.mark.parametrize(
    "kind", ["altered", "truncated", "of another installation", "of another link's click"]
)
def test_a_foreign_or_altered_token_is_rejected(settings: Settings, now: datetime, kind: str) -> None:
    keys = settings.secret_keys
    valid = make_token(keys, new_uuid(now), new_uuid(now), earns=True, confirmed=True)
    other = make_token(keys, new_uuid(now), new_uuid(now), earns=True, confirmed=True)
    invalid = {
        "altered": ("B" if valid[0] != "B" else "C") + valid[1:],
        "truncated": valid[:-1],
        "of another installation": make_token(
            ["x" * 40], new_uuid(now), new_uuid(now), earns=True, confirmed=True
        ),
        "of another link's click": valid[:44] + other[44:],
    }[kind]
    with pytest.raises(InvalidToken):
        read_token(keys, invalid)
