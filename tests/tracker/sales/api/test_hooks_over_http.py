"""The webhook entry point behind a real server: framing and size of bodies."""

import socket

from sqlalchemy import func, select

from config.database import Databases, read_session
from tests.cast.shop import Shop, envelope, sale
from tests.tracker.sales.api.hook_server import DEADLINE_S, Server
from tests.tracker.sales.api.test_hooks import signed
from tracker.sales.inbox.models import Event
from tracker.sales.orders.models import Sale
from tracker.sales.reports.strict_json import MAXIMUM_BYTES


def counts(databases: Databases) -> tuple[int, int]:
    with read_session(databases.main) as session:
        events, sales = (session.scalar(select(func.count()).select_from(table)) for table in (Event, Sale))
        return events or 0, sales or 0


def test_the_size_limit_applies_with_and_without_chunked_encoding(
    server: Server, shop: Shop, databases: Databases
) -> None:
    path = f"/hooks/{shop.source_id}"
    body = envelope("sale.created", sale())
    too_large = body + b" " * MAXIMUM_BYTES

    assert server.post(path, too_large, signed(shop.secret, too_large))[0] == 413
    assert server.post(path, too_large, signed(shop.secret, too_large), chunk_bytes=10_000)[0] == 413
    # Signed for the truncated body, which a reader that stops at the limit would accept.
    cut = too_large[:MAXIMUM_BYTES]
    assert server.post(path, too_large, signed(shop.secret, cut), chunk_bytes=10_000)[0] == 413
    assert counts(databases) == (0, 0)

    assert server.post(path, body, signed(shop.secret, body), chunk_bytes=7)[0] == 200
    assert server.post(path, body, signed(shop.secret, body))[0] == 200
    assert counts(databases) == (1, 1)


def test_broken_chunks_return_400(server: Server, shop: Shop, databases: Databases) -> None:
    body = envelope("sale.created", sale())
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE_S) as connection:
        headers = {"Host": "localhost", "Transfer-Encoding": "chunked", **signed(shop.secret, body)}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        connection.sendall(f"POST /hooks/{shop.source_id} HTTP/1.1\r\n{lines}\r\nzz\r\n".encode() + body)
        response = connection.makefile("rb").readline()

    assert response.split()[1] == b"400"
    assert counts(databases) == (0, 0)
