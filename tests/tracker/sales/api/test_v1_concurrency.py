"""Programs that report the same at the same time: the first over real HTTP, the others in one process."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from config.database import Databases
from tests.tracker.sales.api.hook_server import Server
from tests.tracker.sales.programs import ApiClient, new_key, row_count
from tests.tracker.sales.shop import Shop, refund, sale
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
    """The first report of the brand too: its source is made once."""
    headers = {"Authorization": f"Bearer {new_key(shop, 'sales:write')}", "Idempotency-Key": "order-1001"}
    body = json.dumps(sale()).encode()
    answers = run_concurrently(lambda _: server.post("/api/v1/sales", body, headers))
    assert {status for status, _ in answers} == {201}
    assert len({body for _, body in answers}) == 1
    assert (row_count(databases), row_count(databases, Sale)) == (1, 1)
    assert row_count(databases, Source) == 2  # the shop's own, and the API's


def test_other_contents_under_one_key_book_one_of_them(api_client: ApiClient, databases: Databases) -> None:
    answers = run_concurrently(
        lambda n: api_client.post("sales", sale(total=10_000 + n), "order-1001").status_code
    )
    assert Counter(answers) == {201: 1, 422: THREADS - 1}
    assert (row_count(databases), row_count(databases, Sale)) == (1, 1)


def test_a_sale_and_its_refunds_find_each_other(api_client: ApiClient, databases: Databases) -> None:
    """Half of them are the same sale in other bytes."""

    def report(number: int) -> int:
        if number % 2:
            return api_client.post("refunds", refund(f"r{number}", amount=1)).status_code
        return api_client.post("sales", sale(note=number)).status_code

    statuses = Counter(run_concurrently(report))
    assert set(statuses) <= {200, 201, 202}
    assert statuses[200] == THREADS // 2 - 1
    assert (row_count(databases, Sale), row_count(databases, Refund)) == (1, THREADS // 2)


def test_the_same_postback_books_once(api_client: ApiClient, shop: Shop, databases: Databases) -> None:
    network = ApiClient(api_client.client, new_key(shop, "postback"))
    told = {"order_id": "1001", "total": "119.00", "currency": "EUR"}
    statuses = run_concurrently(lambda _: network.postback(**told).status_code)
    assert Counter(statuses) == {201: 1, 200: THREADS - 1}
    assert (row_count(databases, Event), row_count(databases, Sale)) == (1, 1)
