"""The postback entry point: its responses, and what is stored."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from config.database import Databases, read_session
from config.settings import Settings
from tests.cast.api import ApiClient, application_client, row_count
from tests.cast.people import new_key
from tests.cast.shop import Shop
from tracker.sales.inbox.models import Event
from tracker.sales.orders.models import Cancellation, Refund, Sale

SALE = {"order_id": "1001", "total": "119.00", "currency": "EUR", "occurred_at": "2025-11-01T10:00:00Z"}


@pytest.fixture
def network(settings: Settings, shop: Shop) -> Iterator[ApiClient]:
    with application_client(settings) as client:
        yield ApiClient(client, new_key(shop.databases, shop.brand_id, "postback"))


def only_sale(databases: Databases) -> Sale:
    with read_session(databases.main) as session:
        return session.scalars(select(Sale)).one()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_postback_books_a_sale_once(
    network: ApiClient, shop: Shop, databases: Databases, method: str
) -> None:
    values = SALE | {"click": shop.token("bob"), "coupon": "anna10", "tax": "19", "shipping": "5.0"}
    first, again = (network.postback(method=method, **values) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.headers["Cache-Control"] == "no-store"  # a response from a cache would lose sales
    sale = only_sale(databases)
    assert (sale.total_minor, sale.tax_minor, sale.shipping_minor, sale.test) == (11900, 1900, 500, False)
    assert [each.enrollment_id for each in shop.attributions()] == [shop.enrollments["bob"]]
    assert row_count(databases) == 1


def test_the_same_postback_written_differently_is_booked_once(
    network: ApiClient, databases: Databases
) -> None:
    """Networks add counters and times, reorder parameters, and do not send the time of the sale."""
    bare = {name: value for name, value in SALE.items() if name != "occurred_at"}
    assert network.postback(**bare, transaction_time="1").status_code == 201
    assert network.postback(transaction_time="2", **dict(reversed(bare.items()))).status_code == 200
    assert network.postback(**bare | {"total": "119.0"}, event="sale").status_code == 200
    assert row_count(databases, Sale) == 1


@pytest.mark.parametrize(
    ("currency", "total", "minor"),
    [
        ("EUR", "29.9", 2990),
        ("EUR", "0.07", 7),
        ("JPY", "1000", 1000),
        ("JPY", "1000.00", 1000),
        ("BHD", "1.234", 1234),
    ],
)
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_amounts_use_the_decimals_of_their_currency(
    network: ApiClient, databases: Databases, currency: str, total: str, minor: int
) -> None:
    assert network.postback(**SALE | {"currency": currency, "total": total}).status_code == 201
    assert only_sale(databases).total_minor == minor


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"total": "29.999"}, "total"),
        ({"total": "1,234.00"}, "total"),
        ({"total": "1e3"}, "total"),
        ({"total": "-5"}, "total"),
        ({"total": "NaN"}, "total"),
        ({"total": ""}, "total"),
        ({"total": "9" * 30}, "total"),
        ({"currency": "JPY", "total": "0.5"}, "total"),
        ({"currency": "eur"}, "currency"),
        ({"order_id": ""}, "order_id"),
        ({"event": "lead"}, "event"),
        ({"event": "refund", "amount": "1"}, "refund_id"),
        ({"occurred_at": "1700000000"}, "occurred_at"),
        ({"test": "maybe"}, "test"),
        ({"customer": "anna@people.example"}, "customer"),
        ({"coupon": "a\x00b"}, "coupons[0]"),
    ],
)
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_an_invalid_postback_returns_422_and_is_not_stored(
    network: ApiClient, databases: Databases, wrong: dict[str, str], field: str
) -> None:
    response = network.postback(**SALE | wrong)
    assert (response.status_code, response.mimetype) == (422, "application/problem+json")
    assert response.json["field"] == field  # type: ignore[index]
    assert row_count(databases) == 0


def test_the_event_parameter_selects_refund_or_cancellation(network: ApiClient, databases: Databases) -> None:
    money = {"order_id": "1001", "currency": "EUR"}
    waiting = network.postback(event="refund", refund_id="r1", amount="10", **money)
    assert (waiting.status_code, row_count(databases, Refund)) == (202, 0)
    assert network.postback(**SALE).status_code == 201
    assert network.postback(event="refund", refund_id="r2", amount="1", **money).status_code == 201
    for status in (201, 200):
        assert network.postback(event="cancellation", order_id="1001").status_code == status
    assert (row_count(databases, Refund), row_count(databases, Cancellation)) == (2, 1)


def test_another_amount_for_the_same_order_returns_409(network: ApiClient, databases: Databases) -> None:
    network.postback(**SALE)
    response = network.postback(**SALE | {"total": "5"})
    assert (response.status_code, row_count(databases)) == (409, 1)
    assert only_sale(databases).total_minor == 11900


def test_postback_keys_and_api_keys_are_not_interchangeable(network: ApiClient, shop: Shop) -> None:
    assert network.post("sales", {}).status_code == 403
    assert network.get("sales/1001").status_code == 403
    writing = ApiClient(network.client, new_key(shop.databases, shop.brand_id, "sales:write", "sales:read"))
    assert writing.postback(**SALE).status_code == 403
    for key in ("", "nonsense", network.key[:-1]):
        assert ApiClient(network.client, key).postback(**SALE).status_code == 401
    headers = {"Authorization": f"Bearer {network.key}"}
    assert network.client.get("/postback", query_string=SALE, headers=headers).status_code == 201


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_neither_the_key_nor_unknown_parameters_are_stored_logged_or_returned(
    network: ApiClient, databases: Databases
) -> None:
    with capture_logs() as logs:
        responses = [
            network.postback(**SALE, email="anna@people.example").text,
            network.postback(**SALE | {"order_id": "2", "total": "x"}, email="anna@people.example").text,
            network.postback(**SALE | {"customer": "anna@people.example"}).text,
        ]
    with read_session(databases.main) as session:
        [event] = session.scalars(select(Event)).all()
    assert [(each["event"], each["status"], each["field"]) for each in logs] == [
        ("report refused", 422, "total"),
        ("report refused", 422, "customer"),
    ]
    everything = repr(logs) + "".join(responses) + event.body.decode() + event.external_id
    for private in (network.key, network.key[-43:], "people.example"):
        assert private not in everything
    assert event.body == b"currency=EUR&occurred_at=2025-11-01T10%3A00%3A00Z&order_id=1001&total=119.00"


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("order_id=1&order_id=2&total=1&currency=EUR", 422),
        ("order_id=%ff&total=1&currency=EUR", 400),
        ("order_id=%00&total=1&currency=EUR", 422),
        ("&".join(f"p{number}=1" for number in range(200)), 400),
        ("order_id=" + "a" * 15_000, 422),
        ("order_id=" + "a" * 20_000, 400),
        ("%", 422),
        ("", 422),
    ],
)
def test_malformed_queries_are_refused(
    network: ApiClient, databases: Databases, query: str, status: int
) -> None:
    headers = {"Authorization": f"Bearer {network.key}"}
    assert network.client.get(f"/postback?{query}", headers=headers).status_code == status
    assert row_count(databases) == 0


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_head_requests_book_nothing(network: ApiClient, databases: Databases) -> None:
    assert network.postback(method="HEAD", **SALE).status_code == 405
    assert network.postback(method="PUT", **SALE).status_code == 405
    assert row_count(databases) == 0


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_body_that_is_not_a_form_is_refused(network: ApiClient, databases: Databases) -> None:
    headers = {"Authorization": f"Bearer {network.key}"}
    assert network.client.post("/postback", json=SALE, headers=headers).status_code == 422
    foreign = headers | {"Origin": "https://network.example"}
    assert network.client.post("/postback", data=SALE, headers=foreign).status_code == 201
