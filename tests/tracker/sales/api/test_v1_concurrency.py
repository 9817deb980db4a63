"""Concurrent reports of the same sale: the first test over real HTTP, the others in one process."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from config.database import Databases
from tests.cast.api import ApiClient, row_count
from tests.cast.people import new_key
from tests.cast.shop import Shop, refund, sale
from tests.tracker.sales.api.hook_server import Server
from tracker.sales.inbox.models import Event
from tracker.sales.orders.models import Refund, Sale
from tracker.sales.sources.models import Source

THREADS = 16


def run_concurrently(call: Callable[[int], Any]) -> list[Any]:
    barrier = threading.Barrier(THREADS)

    def one(number: int) -> Any:
        barrier.wait()
        return call(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def test_the_same_idempotency_key_books_once(server: Server, shop: Shop, databases: Databases) -> None:
    """These are also the first reports of the brand, so its API source is created once."""
    headers = {
        "Authorization": f"Bearer {new_key(shop.databases, shop.brand_id, 'sales:write')}",
        "Idempotency-Key": "order-1001",
    }
    body = json.dumps(sale()).encode()
    responses = run_concurrently(lambda _: server.post("/api/v1/sales", body, headers))
    assert {status for status, _ in responses} == {201}
    assert len({body for _, body in responses}) == 1
    assert (row_count(databases), row_count(databases, Sale)) == (1, 1)
    assert row_count(databases, Source) == 2  # of the shop and of the API


def test_of_different_reports_under_one_key_one_is_booked(
    api_client: ApiClient, databases: Databases
) -> None:
    responses = run_concurrently(
        lambda n: api_client.post("sales", sale(total=10_000 + n), "order-1001").status_code
    )
    assert Counter(responses) == {201: 1, 422: THREADS - 1}
    assert (row_count(databases), row_count(databases, Sale)) == (1, 1)


def test_a_sale_and_its_refunds_are_all_booked_when_sent_concurrently(
    api_client: ApiClient, databases: Databases
) -> None:
    """Half of the reports are the same sale in different bytes."""

    def report(number: int) -> int:
        if number % 2:
            return api_client.post("refunds", refund(f"r{number}", amount=1)).status_code
        return api_client.post("sales", sale(note=number)).status_code

    statuses = Counter(run_concurrently(report))
    assert set(statuses) <= {200, 201, 202}
    assert statuses[200] == THREADS // 2 - 1
    assert (row_count(databases, Sale), row_count(databases, Refund)) == (1, THREADS // 2)


def test_the_same_postback_books_once(api_client: ApiClient, shop: Shop, databases: Databases) -> None:
    network = ApiClient(api_client.client, new_key(shop.databases, shop.brand_id, "postback"))
    values = {"order_id": "1001", "total": "119.00", "currency": "EUR"}
    statuses = run_concurrently(lambda _: network.postback(**values).status_code)
    assert Counter(statuses) == {201: 1, 200: THREADS - 1}
    assert (row_count(databases, Event), row_count(databases, Sale)) == (1, 1)
