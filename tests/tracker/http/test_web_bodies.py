"""Request bodies arrive complete or are rejected with a reason: at the web process, over real HTTP."""

import hashlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from config.database import open_databases, read_session
from tests.cast.shop import Shop, create_shop, envelope, sale
from tests.harness.processes.web_process import WebProcess, web_process, web_settings
from tests.tracker.sales.api.test_hooks import signed
from tracker.sales.inbox.models import Event
from tracker.sales.reports.strict_json import MAXIMUM_BYTES
from wsgi import MAX_BODY_BYTES

EXCESSIVE_TIMEOUT_S = 60
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CHUNKS = pytest.mark.parametrize("chunk_bytes", [0, 997, 200_000], ids=["length", "chunks", "large-chunks"])
BODY_PATHS = pytest.mark.parametrize(
    ("path", "limit_bytes"), [("/app/form", 1_048_576), ("/hooks/src_1", 1_048_576)]
)


@pytest.fixture(scope="module")
def web(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebProcess]:
    """A web process whose client timeout is longer than any test."""
    settings = web_settings(sqlite_template, tmp_path_factory.mktemp("bodies"), EXCESSIVE_TIMEOUT_S)
    with web_process(settings) as running:
        yield running


@pytest.fixture(scope="module")
def shop(web: WebProcess) -> Iterator[Shop]:
    databases = open_databases(web.settings)
    yield create_shop(web.settings, databases)
    databases.close()


def events(shop: Shop) -> int:
    with read_session(shop.databases.main) as session:
        return session.scalar(select(func.count()).select_from(Event)) or 0


def head(path: str, *lines: str, version: str = "1.1") -> bytes:
    header_lines = [
        f"POST {path} HTTP/{version}",
        "Host: localhost",
        f"Content-Type: {FORM['Content-Type']}",
        *lines,
        "",
        "",
    ]
    return "\r\n".join(header_lines).encode()


@CHUNKS
def test_a_form_arrives_complete_with_any_framing(web: WebProcess, chunk_bytes: int) -> None:
    note = bytes(97 + at % 26 for at in range(400_000))
    response = web.ask("/app/form", b"note=" + note, FORM, chunk_bytes=chunk_bytes)
    assert (response.status, response.json) == (
        200,
        {"bytes": len(note), "sha256": hashlib.sha256(note).hexdigest()},
    )


@CHUNKS
def test_a_signed_message_arrives_complete_with_any_framing(
    web: WebProcess, shop: Shop, chunk_bytes: int
) -> None:
    order = envelope("sale.created", sale(order_id=f"framed-{chunk_bytes}"))
    body = order + b" " * (MAXIMUM_BYTES - len(order))
    response = web.ask(
        f"/hooks/{shop.source_id}",
        body,
        signed(shop.secret, body, f"msg_{chunk_bytes}"),
        chunk_bytes=chunk_bytes,
    )
    assert (response.status, response.json["state"]) == (200, "applied")


@CHUNKS
def test_a_form_over_the_limit_is_rejected_with_a_page(web: WebProcess, chunk_bytes: int) -> None:
    body = b"note=" + bytes(MAX_BODY_BYTES)
    response = web.ask("/app/form", body, FORM, chunk_bytes=chunk_bytes)
    assert (response.status, response.headers["Content-Type"]) == (413, "text/html; charset=utf-8")
    assert f"more than {MAX_BODY_BYTES} bytes" in response.body.decode()


@CHUNKS
def test_a_message_over_the_limit_is_rejected_even_if_its_prefix_is_signed(
    web: WebProcess, shop: Shop, chunk_bytes: int
) -> None:
    before = events(shop)
    order = envelope("sale.created", sale(order_id="cut"))
    whole = order + b" " * MAXIMUM_BYTES
    proofs = signed(shop.secret, whole[:MAXIMUM_BYTES], "msg_cut")
    response = web.ask(f"/hooks/{shop.source_id}", whole, proofs, chunk_bytes=chunk_bytes)
    assert (response.status, response.headers["Content-Type"]) == (413, "application/problem+json")
    assert f"more than {MAXIMUM_BYTES} bytes" in response.json["detail"]
    assert events(shop) == before


@BODY_PATHS
def test_a_content_length_over_the_limit_is_rejected_before_reading(
    web: WebProcess, path: str, limit_bytes: int
) -> None:
    assert " 413 " in web.first_line(head(path, f"Content-Length: {limit_bytes + 1}"))


def test_a_client_that_sends_everything_first_still_gets_the_error(web: WebProcess) -> None:
    assert web.ask("/app/form", bytes(8_000_000), FORM).status == 413


@BODY_PATHS
@pytest.mark.parametrize(
    ("lines", "rest"),
    [
        (("Transfer-Encoding: chunked", "Content-Length: 6"), b"6\r\nnote=x\r\n0\r\n\r\n"),
        (("Content-Length: 6", "Content-Length: 7"), b"note=x"),
        (("Content-Length: six",), b"note=x"),
        (("Transfer-Encoding: chunked, chunked",), b"6\r\nnote=x\r\n0\r\n\r\n"),
        (("Transfer-Encoding: chunked",), b"zz\r\nnote=x\r\n0\r\n\r\n"),
        (("Transfer-Encoding: chunked",), b"6\r\nnote=x0\r\n\r\n"),
        (("Transfer-Encoding: chunked",), b"-6\r\nnote=x\r\n0\r\n\r\n"),
    ],
)
def test_a_body_with_ambiguous_framing_is_rejected(
    web: WebProcess, path: str, limit_bytes: int, lines: tuple[str, ...], rest: bytes
) -> None:
    assert " 400 " in web.first_line(head(path, *lines) + rest)


@BODY_PATHS
@pytest.mark.parametrize(
    "framing", [("Content-Length: 60", b"note=x"), ("Transfer-Encoding: chunked", b"9\r\nnote")]
)
def test_a_truncated_body_is_rejected(
    web: WebProcess, path: str, limit_bytes: int, framing: tuple[str, bytes]
) -> None:
    with web.call(head(path, framing[0]) + framing[1]) as connection:
        connection.shutdown(socket.SHUT_WR)  # ends the request; the response can still be read
        assert b" 400 " in connection.makefile("rb").readline()


@BODY_PATHS
@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Encoding: gzip", "Content-Length: 6"),
        ("Content-Encoding: identity, br", "Content-Length: 6"),
        ("Transfer-Encoding: gzip, chunked",),
    ],
)
def test_a_compressed_body_is_rejected_before_reading(
    web: WebProcess, path: str, limit_bytes: int, lines: tuple[str, ...]
) -> None:
    assert " 415 " in web.first_line(head(path, *lines, "Connection: close"))


def test_a_compressed_signed_message_gets_a_helpful_error(web: WebProcess, shop: Shop) -> None:
    body = json.dumps({"type": "sale.created"}).encode()
    proofs = signed(shop.secret, body, "msg_gzip")
    response = web.ask(f"/hooks/{shop.source_id}", body, proofs | {"Content-Encoding": "GZIP"})
    assert (response.status, response.json["detail"]) == (
        415,
        "The body is compressed. Send it uncompressed, without Content-Encoding.",
    )
