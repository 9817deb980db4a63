"""The brand API: its responses, and what is stored."""

from typing import Any

import pytest
from sqlalchemy import select

from config.database import Databases, read_session, transact
from tests.cast.api import ApiClient, Terminal, row_count
from tests.cast.people import PERSON, START, new_key
from tests.cast.shop import Shop, cancellation, create_shop, dispute, refund, sale
from tracker.sales.attribution.models import Attribution
from tracker.sales.inbox.apply_or_park import dismiss
from tracker.sales.inbox.models import Event
from tracker.sales.orders.models import Cancellation, DisputeStatus, Refund, Sale
from tracker.sales.sources.models import Source
from tracker.sales.sources.operations import create_source, delete_source

EVERYTHING = [
    ("sales", sale(), Sale),
    ("refunds", refund(), Refund),
    ("cancellations", cancellation(), Cancellation),
    ("disputes", dispute(), DisputeStatus),
]


ON_ONE_DATABASE = pytest.mark.parametrize("database_kind", ["sqlite"])


def outcome_of(response: Any) -> tuple[int, str]:
    return response.status_code, response.json["outcome"]


def test_repeated_reports_of_every_kind_are_booked_once(api_client: ApiClient, databases: Databases) -> None:
    for what, data, table in EVERYTHING:
        first, again = api_client.post(what, data), api_client.post(what, data)
        assert (outcome_of(first), outcome_of(again)) == ((201, "booked"), (200, "known"))
        assert first.json == {
            "event": again.json["event"],  # type: ignore[index]
            "outcome": "booked",
            "reason": None,
            "reason_code": None,
            "reason_parameters": None,
        }
        assert row_count(databases, table) == 1
    assert row_count(databases) == len(EVERYTHING)


def test_the_same_order_in_other_bytes_is_reported_as_known(
    api_client: ApiClient, shop: Shop, databases: Databases
) -> None:
    api_client.post("sales", sale())
    reordered = api_client.post("sales", dict(reversed(sale().items())) | {"note": "ignored"})
    assert outcome_of(reordered) == (200, "known")
    evidence = api_client.post("sales", sale(click=shop.token("bob")))
    assert outcome_of(evidence) == (200, "known")
    assert "its new evidence made attribution 2" in evidence.json["reason"]  # type: ignore[index]
    assert [each.enrollment_id for each in shop.attributions()] == [None, shop.enrollments["bob"]]
    assert row_count(databases, Sale) == 1


def test_the_body_is_stored_unchanged(api_client: ApiClient, databases: Databases) -> None:
    body = b'{ "order_id":"1001","occurred_at":"2025-11-01T10:00:00Z","currency":"EUR", "total":100,'
    body += b'"tax":0,"shipping":0 ,"ours":"\\u00e4"}'
    response = api_client.post("sales", body)
    with read_session(databases.main) as session:
        event = session.scalars(select(Event)).one()
        source = session.scalars(select(Source).where(Source.id == event.source_id)).one()
    assert (event.id, event.body, event.type, event.state) == (
        response.json["event"],  # type: ignore[index]
        body,
        "sale.created",
        "applied",
    )
    assert source.kind == "api"


@pytest.mark.parametrize("what", ["refunds", "cancellations", "disputes"])
def test_a_report_before_its_sale_waits_for_it(
    api_client: ApiClient, databases: Databases, what: str
) -> None:
    [(data, table)] = [(data, table) for name, data, table in EVERYTHING if name == what]
    waiting = api_client.post(what, data, "mine")
    assert outcome_of(waiting) == (202, "waiting")
    assert waiting.json["reason"] == "waiting for order 1001"  # type: ignore[index]
    assert waiting.json["reason_code"] == "waiting_for_order"  # type: ignore[index]
    assert waiting.json["reason_parameters"] == {"names": ["1001"], "source": None}  # type: ignore[index]
    assert row_count(databases, table) == 0

    assert outcome_of(api_client.post("sales", sale())) == (201, "booked")
    assert row_count(databases, table) == 1
    assert outcome_of(api_client.post(what, data, "mine")) == (201, "booked")
    assert outcome_of(api_client.post(what, data)) == (200, "known")


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("sales", sale(total=7000)),
        ("sales", sale(occurred_at="2025-11-01T10:00:01Z")),
        ("refunds", refund(amount=999)),
        ("disputes", dispute(amount=1)),
    ],
)
def test_a_report_that_contradicts_a_booked_row_is_refused(
    api_client: ApiClient, databases: Databases, what: str, data: dict[str, Any]
) -> None:
    for name, first, _ in EVERYTHING:
        api_client.post(name, first)
    response = api_client.post(what, data)
    assert (response.status_code, response.mimetype) == (409, "application/problem+json")
    assert "is booked already by evt_" in response.json["detail"]  # type: ignore[index]
    assert row_count(databases) == len(EVERYTHING)


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("what", "data", "field"),
    [
        ("sales", sale(total=-1), "total"),
        ("sales", sale(currency="EURO"), "currency"),
        ("sales", sale(tax=12000), "tax"),
        ("sales", sale(order_id=""), "order_id"),
        ("sales", sale(total=119.0), "total"),
        ("sales", sale(occurred_at="2999-01-01T00:00:00Z"), "occurred_at"),
        ("sales", sale(order_id="2", occurred_at="2001-01-01T00:00:00Z"), "occurred_at"),
        ("sales", sale(items=[{"sku": "A", "quantity": 0, "net": 1}]), "items[0].quantity"),
        ("refunds", refund(amount=0), "amount"),
        ("refunds", refund(currency="USD"), "currency"),
        ("disputes", dispute("pending"), "status"),
        ("cancellations", cancellation(occurred_at="yesterday"), "occurred_at"),
    ],
)
def test_an_invalid_report_names_its_field_and_is_not_stored(
    api_client: ApiClient, databases: Databases, what: str, data: dict[str, Any], field: str
) -> None:
    api_client.post("sales", sale(order_id="1001"))
    response = api_client.post(what, data)
    assert (response.status_code, response.mimetype) == (422, "application/problem+json")
    problem = response.json or {}
    assert (problem["title"], problem["status"], problem["field"]) == (
        "Unprocessable Entity",
        422,
        field,
    )
    assert row_count(databases) == 1


@ON_ONE_DATABASE
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"a": NaN}', b'{"a": 1, "a": 2}'])
def test_a_body_that_is_not_a_json_object_returns_400(
    api_client: ApiClient, databases: Databases, body: bytes
) -> None:
    response = api_client.post("sales", body)
    assert (response.status_code, response.mimetype) == (400, "application/problem+json")
    assert row_count(databases) == 0


def test_an_idempotency_key_always_returns_the_same_response(
    api_client: ApiClient, databases: Databases
) -> None:
    first = api_client.post("sales", sale(), "order-1001")
    again = api_client.post("sales", sale(), "order-1001")
    quoted = api_client.post("sales", sale(), '"order-1001"')
    assert first.status_code == again.status_code == quoted.status_code == 201
    assert first.data == again.data == quoted.data
    flags = [each.headers.get("Idempotency-Replayed") for each in (first, again, quoted)]
    assert flags == [None, "true", "true"]
    assert (row_count(databases), row_count(databases, Sale)) == (1, 1)


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("what", "data"), [("sales", sale(order_id="1002")), ("cancellations", sale()), ("refunds", refund())]
)
def test_a_used_idempotency_key_is_refused_for_another_report(
    api_client: ApiClient, databases: Databases, what: str, data: dict[str, Any]
) -> None:
    api_client.post("sales", sale(), "order-1001")
    response = api_client.post(what, data, "order-1001")
    assert (response.status_code, response.json["field"]) == (422, "Idempotency-Key")  # type: ignore[index]
    assert (row_count(databases), row_count(databases, Cancellation)) == (1, 0)


def test_the_same_body_at_two_paths_is_two_reports(api_client: ApiClient, databases: Databases) -> None:
    assert outcome_of(api_client.post("sales", sale())) == (201, "booked")
    assert outcome_of(api_client.post("cancellations", sale())) == (201, "booked")
    assert (row_count(databases), row_count(databases, Cancellation)) == (2, 1)


def test_a_refused_report_does_not_use_its_idempotency_key(api_client: ApiClient) -> None:
    assert api_client.post("sales", sale(total=-1), "order-1001").status_code == 422
    assert api_client.post("sales", sale(), "order-1001").status_code == 201


@ON_ONE_DATABASE
@pytest.mark.parametrize("key", ["", " ", "a" * 201, "ä", "a b"])
def test_an_invalid_idempotency_key_is_refused(api_client: ApiClient, databases: Databases, key: str) -> None:
    assert api_client.post("sales", sale(), key).status_code == 422
    assert row_count(databases) == 0


def test_brands_do_not_share_idempotency_keys_or_orders(
    api_client: ApiClient, settings: Any, databases: Databases
) -> None:
    other = create_shop(settings, databases, name="Coffees", coupon=None)
    theirs = ApiClient(
        api_client.client, new_key(other.databases, other.brand_id, "sales:write", "sales:read")
    )
    assert api_client.post("sales", sale(), "same").status_code == 201
    assert theirs.get("sales/1001").status_code == 404
    assert theirs.post("sales", sale(total=5000), "same").status_code == 201
    assert api_client.get("sales/1001").json["total"]["minor"] == 11900  # type: ignore[index]
    assert theirs.get("sales/1001").json["total"]["minor"] == 5000  # type: ignore[index]


def test_an_order_reported_by_hook_and_api_is_one_order(api_client: ApiClient, shop: Shop) -> None:
    shop.send("sale.created", sale())
    assert outcome_of(api_client.post("sales", sale())) == (200, "known")
    assert outcome_of(api_client.post("refunds", refund())) == (201, "booked")
    assert api_client.post("sales", sale(total=1000, tax=0)).status_code == 409


def test_a_brand_with_two_namespaces_must_choose_one(
    api_client: ApiClient, shop: Shop, databases: Databases
) -> None:
    values: dict[str, Any] = {"brand_id": shop.brand_id, "keys": shop.keys}

    def connect(kind: str, namespace: str) -> None:
        made = dict(values, kind=kind, namespace=namespace)
        transact(databases.main, lambda session: create_source(session, START, actor=PERSON, **made))

    connect("standard", "second-shop")
    refused = api_client.post("sales", sale())
    assert (refused.status_code, row_count(databases)) == (409, 0)
    assert "--kind api --namespace" in refused.json["detail"]  # type: ignore[index]
    connect("api", "second-shop")
    assert outcome_of(api_client.post("sales", sale())) == (201, "booked")


def test_a_deleted_api_source_returns_410_until_it_is_created_again(
    api_client: ApiClient, shop: Shop, databases: Databases, terminal: Terminal
) -> None:
    api_client.post("sales", sale())
    [source] = [
        each
        for each in terminal.ask("source", "list", "--brand", shop.brand_id)
        if each["kind"] == "api" and each["hook_url"] is None
    ]
    transact(databases.main, lambda session: delete_source(session, START, source["id"], actor=PERSON))
    assert api_client.post("refunds", refund()).status_code == 410

    made = terminal.ask("source", "create", "--brand", shop.brand_id, "--kind", "api")
    assert (made["secret"], made["namespace"]) == (None, source["namespace"])
    assert outcome_of(api_client.post("refunds", refund())) == (201, "booked")
    create = ("source", "create", "--brand", shop.brand_id, "--kind", "api")
    assert "already has an API source" in terminal.refused(*create)
    assert "has no secret" in terminal.refused("source", "rotate", made["id"])


def test_the_api_source_has_no_hook(api_client: ApiClient, shop: Shop, databases: Databases) -> None:
    api_client.post("sales", sale())
    with read_session(databases.main) as session:
        source_id = session.scalar(select(Source.id).where(Source.kind == "api"))
    assert api_client.client.post(f"/hooks/{source_id}", data=b"{}").status_code == 404


def test_a_dismissed_report_stays_dismissed(api_client: ApiClient, databases: Databases) -> None:
    waiting = api_client.post("refunds", refund())
    event_id = waiting.json["event"]  # type: ignore[index]
    transact(databases.main, lambda session: dismiss(session, event_id, reason="not ours"))
    response = api_client.post("refunds", refund())
    assert (response.status_code, response.mimetype) == (409, "application/problem+json")
    assert "not ours" in response.json["detail"]  # type: ignore[index]


def test_an_api_sale_is_attributed_by_its_coupon(
    api_client: ApiClient, shop: Shop, databases: Databases
) -> None:
    api_client.post("sales", sale(coupons=["ANNA10"]))
    assert [each.enrollment_id for each in shop.attributions()] == [shop.enrollments["anna"]]
    assert row_count(databases, Attribution) == 1
