"""Sizes of heads: each limit at its last allowed byte and one above, at once and in pieces."""

import pytest

from tests.config.edge.raw_client import Edge, get, running

LINE = 16_380
FIELD = 16_380
FIELDS = 100
HEAD = 65_536


def line_of(length: int) -> bytes:
    """A request whose first line has this many bytes, without the line end."""
    path = "/" + "x" * (length - len("GET / HTTP/1.1"))
    return get(path)


def field_of(length: int) -> bytes:
    """A request with a field of this many bytes, with its line end."""
    return get("/now", "X: " + "y" * (length - len("X: \r\n")))


def fields(count: int) -> bytes:
    return get("/now", *(f"X{number}: y" for number in range(count - 1)))


def repeated(count: int) -> bytes:
    return get("/now", *["X: y"] * (count - 1))


def head_of(length: int) -> bytes:
    full = ["X: " + "y" * 16_000] * 4
    return get("/now", *full, "Y: " + "y" * (length - len(get("/now", *full)) - len("Y: \r\n")))


ALLOWED = {
    "line": line_of(LINE),
    "field": field_of(FIELD),
    "fields": fields(FIELDS),
    "repeated fields": repeated(FIELDS),
    "head": head_of(HEAD),
}
TOO_LARGE = {
    "line": (line_of(LINE + 1), 414),
    "field": (field_of(FIELD + 1), 431),
    "fields": (fields(FIELDS + 1), 431),
    "repeated fields": (repeated(FIELDS + 1), 431),
    "head": (head_of(HEAD + 1), 431),
}


def send_in_pieces(edge: Edge, request: bytes, size: int) -> int:
    client = edge.connect()
    for start in range(0, len(request), size):
        client.send(request[start : start + size])
    return client.response()[0]


@pytest.mark.parametrize("size", [100_000, 5_000])
@pytest.mark.parametrize("name", ALLOWED)
def test_a_head_at_the_limit_is_served(edge: Edge, name: str, size: int) -> None:
    assert len(head_of(HEAD)) == HEAD
    assert send_in_pieces(edge, ALLOWED[name], size) == 200


@pytest.mark.parametrize("size", [100_000, 5_000])
@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_head_above_a_limit_is_refused(edge: Edge, name: str, size: int) -> None:
    request, status = TOO_LARGE[name]
    assert send_in_pieces(edge, request, size) == status


@pytest.mark.parametrize(
    ("endless", "status"),
    [
        (b"GET /" + b"x" * 20_000, 414),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 20_000, 431),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 12_000, 431),
    ],
)
def test_a_head_without_an_end_is_refused_as_soon_as_it_is_too_large(
    edge: Edge, endless: bytes, status: int
) -> None:
    assert edge.status(endless) == status


def test_the_limits_are_the_settings_of_gunicorn() -> None:
    with running(limit_request_line=50, limit_request_field_size=60, limit_request_fields=3) as edge:
        assert edge.status(line_of(51)) == 414
        assert edge.status(field_of(61)) == 431
        assert edge.status(fields(4)) == 431
        assert edge.connect(get("/now")).response()[0] == 200
