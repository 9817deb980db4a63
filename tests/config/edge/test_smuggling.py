"""Two readers of one stream never disagree about where a request ends: whatever is ambiguous is refused."""

import select

import pytest

from tests.config.edge.raw_client import Edge, get

SMUGGLED = get("/smuggled")
BODY = b"5\r\nhello\r\n0\r\n\r\n"
AMBIGUOUS = {
    "a length and chunks": "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "chunks and a length": "Transfer-Encoding: chunked\r\nContent-Length: 5",
    "chunks and a length of zero": "Transfer-Encoding: chunked\r\nContent-Length: 0",
    "two lengths": "Content-Length: 5\r\nContent-Length: 6",
    "the same length twice": "Content-Length: 5\r\nContent-Length: 5",
    "a list of lengths": "Content-Length: 5, 5",
    "a signed length": "Content-Length: +5",
    "a negative length": "Content-Length: -5",
    "a hexadecimal length": "Content-Length: 0x5",
    "a length with an underscore": "Content-Length: 1_0",
    "an empty length": "Content-Length: ",
    "a huge length": "Content-Length: " + "9" * 30,
    "a length with a control character": "Content-Length: \x0b5",
    "an unknown coding": "Transfer-Encoding: x",
    "identity": "Transfer-Encoding: identity",
    "a coding behind chunked": "Transfer-Encoding: chunked, gzip",
    "chunked in two lines with another": "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "chunked with a control character": "Transfer-Encoding: \x0bchunked",
    "chunked with a parameter": "Transfer-Encoding: chunked;x",
    "xchunked": "Transfer-Encoding: xchunked",
    "a space before the colon": "Transfer-Encoding : chunked",
    "a folded coding": "Transfer-Encoding:\r\n chunked",
}
REFUSALS_OF_BODIES = (400, 411, 413)


@pytest.mark.parametrize("method", ["GET /now", "POST /ll.js", "POST /now"])
@pytest.mark.parametrize("name", AMBIGUOUS)
def test_ambiguous_framing_is_refused_and_nothing_behind_it_is_read(
    edge: Edge, name: str, method: str
) -> None:
    before = len(edge.application.requests)
    head = f"{method} HTTP/1.1\r\nHost: x\r\n{AMBIGUOUS[name]}\r\n\r\n".encode("latin-1")
    assert edge.status(head + BODY + SMUGGLED) in REFUSALS_OF_BODIES
    assert len(edge.application.requests) == before


@pytest.mark.parametrize(
    ("request_line", "framing", "status"),
    [
        ("GET /now", "Content-Length: 5", 413),
        ("HEAD /now", "Content-Length: 5", 413),
        ("GET /now", "Transfer-Encoding: chunked", 413),
        ("GET /ll.js", "Content-Length: 5", 413),
        ("POST /ll.js", "Transfer-Encoding: chunked", 411),
        ("POST /ll.js", "Content-Length: 201", 413),
    ],
)
def test_a_body_that_nothing_accepts_gets_one_response(
    edge: Edge, request_line: str, framing: str, status: int
) -> None:
    before = len(edge.application.requests)
    head = f"{request_line} HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n".encode()
    assert edge.status(head + BODY + SMUGGLED) == status
    assert len(edge.application.requests) == before


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("framing", ["Content-Length: 5", "Transfer-Encoding: chunked"])
def test_another_method_with_a_body_is_left_to_the_application_and_ends_the_connection(
    edge: Edge, method: str, framing: str
) -> None:
    before = len(edge.application.requests)
    head = f"{method} /other HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n".encode()
    assert edge.status(head + BODY + SMUGGLED) == 200
    assert [request.path for request in edge.application.requests[before:]] == ["/other"]
    assert edge.application.requests[-1].body == b""


def test_a_length_of_zero_is_no_body(edge: Edge) -> None:
    client = edge.connect(get("/now", "Content-Length: 0") + get("/next"))
    assert client.response()[2] == b"/now"
    assert client.response()[2] == b"/next"


def beacon(body: bytes, *lines: str) -> bytes:
    return get("/ll.js", f"Content-Length: {len(body)}", *lines).replace(b"GET", b"POST") + body


@pytest.mark.parametrize("size", [1, 5, 1_000])
def test_the_body_of_the_beacon_is_read_to_its_last_byte(edge: Edge, size: int) -> None:
    sent = beacon(b"t" * 200) + get("/next")
    client = edge.connect()
    for start in range(0, len(sent), size):
        client.send(sent[start : start + size])
    assert client.response()[2] == b"t" * 200
    assert client.response()[2] == b"/next"


def test_a_body_that_looks_like_a_request_is_a_body(edge: Edge) -> None:
    client = edge.connect(beacon(SMUGGLED) + get("/next"))
    assert client.response()[2] == SMUGGLED
    assert client.response()[2] == b"/next"


def test_the_beacon_may_wait_to_be_asked_for_its_body(edge: Edge) -> None:
    client = edge.connect(beacon(b"", "Expect: 100-continue").replace(b"Length: 0", b"Length: 5"))
    assert (client.line(), client.line()) == ("HTTP/1.1 100 Continue", "")
    client.send(b"hello")
    assert client.response()[2] == b"hello"


def test_the_beacon_is_not_asked_for_a_body_that_it_has_sent(edge: Edge) -> None:
    client = edge.connect(beacon(b"hello", "Expect: 100-continue"))
    assert client.response()[2] == b"hello"
    client.send(get("/next"))
    assert client.response()[0] == 200


def test_a_body_that_the_client_cuts_off_gets_400(edge: Edge) -> None:
    client = edge.connect(beacon(b"hello")[:-1])
    client.connection.shutdown(1)
    assert client.response()[0] == 400
    assert client.is_closed()


def test_a_client_that_sends_all_of_a_refused_body_first_still_gets_the_response(edge: Edge) -> None:
    head = b"POST /other HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n"
    for request in (head, head.replace(b"POST", b"GET"), b"broken\r\n\r\n"):
        client = edge.connect(request + bytes(500_000))
        assert client.response()[0] in (200, 413, 400)
        assert client.is_closed_without_a_reset()


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_client_that_goes_on_sending_a_refused_body_still_gets_the_response(
    edge: Edge, method: str
) -> None:
    client = edge.connect(f"{method} /other HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n".encode())
    select.select([client.connection], [], [])  # the response has arrived
    client.send(bytes(250_000))
    client.send(bytes(250_000))
    assert client.response()[0] in (200, 413)
    assert client.is_closed_without_a_reset()
