"""What the edge does with heads of requests, byte for byte on raw sockets."""

import time

import pytest

from tests.config.edge.raw_client import STATUS_LINE, Edge, get


def test_a_request_is_read_and_the_connection_stays_open(edge: Edge) -> None:
    client = edge.connect(get("/a%20b?x=%41&y"))
    status, headers, body = client.response()
    assert (status, body) == (200, b"/a b")
    assert headers["content-length"] == "4"
    assert "connection" not in headers
    request = edge.application.requests[-1]
    assert (request.method, request.path, request.query, request.peer) == (
        "GET",
        "/a b",
        "x=%41&y",
        "127.0.0.1",
    )
    client.send(get("/again"))
    assert client.response()[2] == b"/again"


def test_every_response_has_a_date(edge: Edge) -> None:
    for request in (get(), get("/later"), b"broken\r\n\r\n"):
        client = edge.connect(request)
        if b"later" in request:
            edge.finish()
        assert client.response()[1]["date"].endswith(" GMT")


@pytest.mark.parametrize("pieces", [1, 2, 3, 7])
def test_a_head_may_arrive_in_pieces(edge: Edge, pieces: int) -> None:
    request = get("/pieces?x", "User-Agent: a browser", "X-Forwarded-For: 1", "X-Forwarded-For: 2")
    client = edge.connect()
    for start in range(0, len(request), pieces):
        client.send(request[start : start + pieces])
    assert client.response()[2] == b"/pieces"
    fields = edge.application.requests[-1].fields
    assert fields[b"user-agent"] == b"a browser"
    assert fields[b"x-forwarded-for"] == b"1,2", "repeated fields are one list"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_http_1_0_closes_the_connection_unless_asked_to_keep_it(edge: Edge, method: str) -> None:
    request = f"{method} /old HTTP/1.0\r\n\r\n".encode()
    assert edge.exchange(request).startswith(b"HTTP/1.1 200 OK\r\n")
    client = edge.connect(f"{method} /old HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n".encode())
    assert client.response(method)[1]["connection"] == "keep-alive"
    client.send(request)
    assert client.response(method)[1]["connection"] == "close"
    assert client.is_closed()


@pytest.mark.parametrize("value", ["close", "Close", "keep-alive, close", "close, keep-alive", "x ,close"])
def test_connection_close_is_obeyed(edge: Edge, value: str) -> None:
    assert edge.status(get("/now", f"Connection: {value}") + get("/not-read")) == 200
    assert edge.application.requests[-1].path == "/now"


def test_connection_close_in_one_of_two_lines_is_obeyed(edge: Edge) -> None:
    assert edge.status(get("/now", "Connection: keep-alive", "Connection: close")) == 200


def test_head_gets_the_length_and_no_body(edge: Edge) -> None:
    client = edge.connect(b"HEAD /abc HTTP/1.1\r\nHost: x\r\n\r\n" + get("/next"))
    assert client.response("HEAD")[1]["content-length"] == "4"
    assert client.response()[2] == b"/next"
    refused = edge.exchange(b"HEAD /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n")
    assert refused.startswith(b"HTTP/1.1 413 ")
    assert refused.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("http://evil.example/anna?x=1", "/anna", "x=1"),
        ("HTTPS://evil.example:8443/anna", "/anna", ""),
        ("http://evil.example", "/", ""),
        ("http://evil.example?x", "/", "x"),
        ("/anna#part", "/anna", ""),
        ("/anna?x#part", "/anna", "x"),
        ("//evil.example/anna", "//evil.example/anna", ""),
        ("/%41nna%2Fx%3f%25%zz%4", "/Anna/x?%%zz%4", ""),
        ("/%c3%a4%ff%00", "/\xc3\xa4\xff\x00", ""),
    ],
)
def test_targets_in_origin_and_absolute_form_are_split(
    edge: Edge, target: str, path: str, query: str
) -> None:
    edge.exchange(get(target, "Connection: close"))
    request = edge.application.requests[-1]
    assert (request.path, request.query, request.fields[b"host"]) == (path, query, b"x")


FIRST_LINES = {
    "GET anna HTTP/1.1": 400,
    "GET ?x HTTP/1.1": 400,
    "GET ftp://x/anna HTTP/1.1": 400,
    "GET http:///anna HTTP/1.1": 400,
    "GET /anna": 400,
    "GET  /anna HTTP/1.1": 400,
    "GET /anna  HTTP/1.1": 400,
    "GET /anna HTTP/1.1 ": 400,
    "GET\t/anna HTTP/1.1": 400,
    " GET /anna HTTP/1.1": 400,
    "get /anna HTTP/1.1": 400,
    "BREW /anna HTTP/1.1": 400,
    "GET /ann\xe4 HTTP/1.1": 400,
    "GET /an\x00na HTTP/1.1": 400,
    "GET /an\x7fna HTTP/1.1": 400,
    "GET /anna HTTP/1.2": 400,
    "GET /anna HTTP/2.0": 505,
    "GET /anna HTTP/0.9": 505,
    "DESCRIBE /anna RTSP/1.0": 505,
    "PRI * HTTP/2.0": 505,
}


@pytest.mark.parametrize("line", FIRST_LINES)
def test_an_invalid_request_line_is_refused(edge: Edge, line: str) -> None:
    assert edge.status((line + "\r\nHost: x\r\n\r\n").encode("latin-1")) == FIRST_LINES[line]


BAD_FIELDS = {
    "no Host": "X: y",
    "two Hosts": "Host: x\r\nHost: x",
    "two different Hosts": "Host: x\r\nhost: y",
    "a folded line": "Host: x\r\nX: a\r\n b",
    "a folded first line": " X: a\r\nHost: x",
    "a bare line feed": "Host: x\nX: y",
    "a bare line feed at the end": "Host: x\r\nX: y\n",
    "a bare carriage return": "Host: x\r\nX: a\rb",
    "NUL in a value": "Host: x\r\nX: a\x00b",
    "NUL in a name": "Host: x\r\nX\x00: a",
    "a control character": "Host: x\r\nX: a\x01b",
    "DEL": "Host: x\r\nX: a\x7fb",
    "a space before the colon": "Host: x\r\nX : a",
    "no colon": "Host: x\r\nX",
    "no name": "Host: x\r\n: a",
    "a name that is no token": "Host: x\r\nX(y): a",
    "a name that is not ASCII": "Host: x\r\nX\xe4: a",
}


@pytest.mark.parametrize("name", BAD_FIELDS)
@pytest.mark.parametrize("at_once", [True, False])
def test_invalid_fields_are_refused(edge: Edge, name: str, at_once: bool) -> None:
    before = len(edge.application.requests)
    request = f"GET /now HTTP/1.1\r\n{BAD_FIELDS[name]}\r\n\r\n".encode("latin-1")
    client = edge.connect(request if at_once else request[:30])
    if not at_once:
        client.send(request[30:])
    assert client.response()[0] == 400
    assert client.is_closed()
    assert len(edge.application.requests) == before


def test_bare_line_feeds_are_refused_without_waiting_for_more(edge: Edge) -> None:
    assert edge.status(b"GET /now HTTP/1.1\nHost: x\n\n") == 400
    assert edge.status(b"\n\nGET /now HTTP/1.1\r\nHost: x\r\n\r\n") == 400


def test_one_empty_line_before_a_request_is_allowed(edge: Edge) -> None:
    client = edge.connect(b"\r\n" + get("/after-a-line"))
    assert client.response()[2] == b"/after-a-line"
    client.send(b"\r")
    client.send(b"\n" + get("/again"))
    assert client.response()[2] == b"/again"


@pytest.mark.parametrize("size", [1, 2, 100])
def test_a_second_empty_line_before_a_request_is_refused(edge: Edge, size: int) -> None:
    client = edge.connect()
    for piece in [b"\r\n\r\n"[start : start + size] for start in range(0, 4, size)]:
        client.send(piece)
        time.sleep(0.01)  # so that the pieces arrive one by one; if not, the result is the same
    client.send(get("/never"))
    assert client.response()[0] == 400


def test_bytes_above_127_in_a_value_reach_the_application(edge: Edge) -> None:
    edge.exchange(get("/now", "Referer: \xe4 x\xff", "Connection: close"))
    assert edge.application.requests[-1].fields[b"referer"] == b"\xe4 x\xff"


@pytest.mark.parametrize("first_bytes", [b"\x16\x03\x01\x02\x00\x01\x00", b"\x00\x00\x00", b"SSH-2.0-x\r\n"])
def test_other_protocols_are_refused_at_their_first_bytes(edge: Edge, first_bytes: bytes) -> None:
    assert edge.status(first_bytes) == 400


UPGRADES = {
    "WebSocket": "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13",
    "cleartext HTTP/2": "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA",
}


@pytest.mark.parametrize("name", UPGRADES)
def test_an_upgrade_is_refused_with_one_response(edge: Edge, name: str) -> None:
    request = f"GET /now HTTP/1.1\r\nHost: x\r\n{UPGRADES[name]}\r\n\r\n".encode()
    received = edge.exchange(request + b"\x81\x05hello" + get("/smuggled"))
    assert received.startswith(b"HTTP/1.1 400 ")
    assert b"does not upgrade connections" in received
    assert len(STATUS_LINE.findall(received)) == 1


def test_the_http_2_preface_is_refused_with_one_response(edge: Edge) -> None:
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")
    assert edge.status(preface) == 505
    client = edge.connect(preface[:5])
    client.send(preface[5:])
    assert client.response()[0] == 505


def test_connect_reaches_the_application_as_any_other_method_and_ends_the_connection(edge: Edge) -> None:
    assert edge.status(b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n\x16\x03\x01") == 200
    assert edge.application.requests[-1].method == "CONNECT"


def test_an_expectation_without_a_body_is_ignored_and_another_one_is_refused(edge: Edge) -> None:
    client = edge.connect(get("/now", "Expect: 100-Continue"))
    assert client.response()[0] == 200
    assert edge.status(get("/now", "Expect: payment")) == 417
