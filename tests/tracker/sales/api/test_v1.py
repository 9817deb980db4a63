"""The brand's API: what its programs are answered, and what is kept of it."""

from typing import Any

import pytest
from sqlalchemy import select

from config.database import Databases, read_session, transact
from tests.tracker.sales.programs import Program, kept, new_key
from tests.tracker.sales.shop import START, Shop, cancellation, dispute, open_shop, refund, sale
from tests.tracker.terminal import Terminal
from tracker.sales.attribution.models import Attribution
from tracker.sales.inbox.models import Event
from tracker.sales.inbox.operations import dismiss
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


def told(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["outcome"]


def test_everything_is_booked_once_whatever_is_said_twice(program: Program, databases: Databases) -> None:
    for what, data, table in EVERYTHING:
        first, again = program.post(what, data), program.post(what, data)
        assert (told(first), told(again)) == ((201, "booked"), (200, "known"))
        assert first.json == {"event": again.json["event"], "outcome": "booked", "reason": None}  # type: ignore[index]
        assert kept(databases, table) == 1
    assert kept(databases) == len(EVERYTHING)


def test_the_same_order_in_other_bytes_is_known(program: Program, shop: Shop, databases: Databases) -> None:
    program.post("sales", sale())
    reordered = program.post("sales", dict(reversed(sale().items())) | {"note": "not ours"})
    assert told(reordered) == (200, "known")
    evidence = program.post("sales", sale(click=shop.token("bob")))
    assert told(evidence) == (200, "known")
    assert "its new evidence made attribution 2" in evidence.json["reason"]  # type: ignore[index]
    assert [each.enrollment_id for each in shop.attributions()] == [None, shop.enrollments["bob"]]
    assert kept(databases, Sale) == 1


def test_the_bytes_are_kept_as_they_came(program: Program, databases: Databases) -> None:
    body = b'{ "order_id":"1001","occurred_at":"2025-11-01T10:00:00Z","currency":"EUR", "total":100,'
    body += b'"tax":0,"shipping":0 ,"ours":"\\u00e4"}'
    answer = program.post("sales", body)
    with read_session(databases.main) as session:
        event = session.scalars(select(Event)).one()
        source = session.scalars(select(Source).where(Source.id == event.source_id)).one()
    assert (event.id, event.body, event.type, event.state) == (
        answer.json["event"],  # type: ignore[index]
        body,
        "sale.created",
        "applied",
    )
    assert source.kind == "api"


@pytest.mark.parametrize("what", ["refunds", "cancellations", "disputes"])
def test_what_comes_before_its_sale_waits_for_it(program: Program, databases: Databases, what: str) -> None:
    [(data, table)] = [(data, table) for name, data, table in EVERYTHING if name == what]
    waiting = program.post(what, data, "mine")
    assert told(waiting) == (202, "waiting")
    assert waiting.json["reason"] == "waiting for order 1001"  # type: ignore[index]
    assert kept(databases, table) == 0

    assert told(program.post("sales", sale())) == (201, "booked")
    assert kept(databases, table) == 1
    assert told(program.post(what, data, "mine")) == (201, "booked")
    assert told(program.post(what, data)) == (200, "known")


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("sales", sale(total=7000)),
        ("sales", sale(occurred_at="2025-11-01T10:00:01Z")),
        ("refunds", refund(amount=999)),
        ("disputes", dispute(amount=1)),
    ],
)
def test_what_contradicts_a_booked_row_is_refused_and_not_kept(
    program: Program, databases: Databases, what: str, data: dict[str, Any]
) -> None:
    for name, first, _ in EVERYTHING:
        program.post(name, first)
    answer = program.post(what, data)
    assert (answer.status_code, answer.mimetype) == (409, "application/problem+json")
    assert "is booked already by evt_" in answer.json["detail"]  # type: ignore[index]
    assert kept(databases) == len(EVERYTHING)


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
def test_what_makes_no_sense_names_its_field_and_is_not_kept(
    program: Program, databases: Databases, what: str, data: dict[str, Any], field: str
) -> None:
    program.post("sales", sale(order_id="1001"))
    answer = program.post(what, data)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    told = answer.json or {}
    assert (told["title"], told["status"], told["field"]) == ("Unprocessable Entity", 422, field)
    assert kept(databases) == 1


@ON_ONE_DATABASE
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"a": NaN}', b'{"a": 1, "a": 2}'])
def test_what_is_no_json_object_is_answered_400(program: Program, databases: Databases, body: bytes) -> None:
    answer = program.post("sales", body)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert kept(databases) == 0


def test_a_key_of_the_senders_brings_the_same_answer_for_ever(program: Program, databases: Databases) -> None:
    first = program.post("sales", sale(), "order-1001")
    again = program.post("sales", sale(), "order-1001")
    quoted = program.post("sales", sale(), '"order-1001"')
    assert first.status_code == again.status_code == quoted.status_code == 201
    assert first.data == again.data == quoted.data
    flags = [each.headers.get("Idempotency-Replayed") for each in (first, again, quoted)]
    assert flags == [None, "true", "true"]
    assert (kept(databases), kept(databases, Sale)) == (1, 1)


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("what", "data"), [("sales", sale(order_id="1002")), ("cancellations", sale()), ("refunds", refund())]
)
def test_a_used_key_is_refused_for_another_report(
    program: Program, databases: Databases, what: str, data: dict[str, Any]
) -> None:
    program.post("sales", sale(), "order-1001")
    answer = program.post(what, data, "order-1001")
    assert (answer.status_code, answer.json["field"]) == (422, "Idempotency-Key")  # type: ignore[index]
    assert (kept(databases), kept(databases, Cancellation)) == (1, 0)


def test_the_same_bytes_at_two_addresses_are_two_reports(program: Program, databases: Databases) -> None:
    assert told(program.post("sales", sale())) == (201, "booked")
    assert told(program.post("cancellations", sale())) == (201, "booked")
    assert (kept(databases), kept(databases, Cancellation)) == (2, 1)


def test_a_refused_report_does_not_use_its_key_up(program: Program) -> None:
    assert program.post("sales", sale(total=-1), "order-1001").status_code == 422
    assert program.post("sales", sale(), "order-1001").status_code == 201


@ON_ONE_DATABASE
@pytest.mark.parametrize("key", ["", " ", "a" * 201, "ä", "a b"])
def test_an_invalid_key_is_rejected(program: Program, databases: Databases, key: str) -> None:
    assert program.post("sales", sale(), key).status_code == 422
    assert kept(databases) == 0


def test_brands_do_not_share_their_keys_orders_or_ids(
    program: Program, settings: Any, databases: Databases
) -> None:
    other = open_shop(settings, databases, name="Coffees", coupon=None)
    theirs = Program(program.client, new_key(other, "sales:write", "sales:read"))
    assert program.post("sales", sale(), "same").status_code == 201
    assert theirs.get("sales/1001").status_code == 404
    assert theirs.post("sales", sale(total=5000), "same").status_code == 201
    assert program.get("sales/1001").json["total"]["minor"] == 11900  # type: ignore[index]
    assert theirs.get("sales/1001").json["total"]["minor"] == 5000  # type: ignore[index]


def test_an_order_that_the_hook_told_is_the_same_order(program: Program, shop: Shop) -> None:
    shop.send("sale.created", sale())
    assert told(program.post("sales", sale())) == (200, "known")
    assert told(program.post("refunds", refund())) == (201, "booked")
    assert program.post("sales", sale(total=1000, tax=0)).status_code == 409


def test_a_brand_with_two_namespaces_chooses_one_first(
    program: Program, shop: Shop, databases: Databases
) -> None:
    values: dict[str, Any] = {"brand_id": shop.brand_id, "keys": shop.keys}

    def connect(kind: str, namespace: str) -> None:
        made = dict(values, kind=kind, namespace=namespace)
        transact(databases.main, lambda session: create_source(session, START, **made))

    connect("standard", "second-shop")
    refused = program.post("sales", sale())
    assert (refused.status_code, kept(databases)) == (409, 0)
    assert "--kind api --namespace" in refused.json["detail"]  # type: ignore[index]
    connect("api", "second-shop")
    assert told(program.post("sales", sale())) == (201, "booked")


def test_a_closed_api_is_gone_until_it_is_opened_again(
    program: Program, shop: Shop, databases: Databases, terminal: Terminal
) -> None:
    program.post("sales", sale())
    [source] = [
        each
        for each in terminal.ask("source", "list", "--brand", shop.brand_id)
        if each["kind"] == "api" and each["hook_url"] is None
    ]
    transact(databases.main, lambda session: delete_source(session, START, source["id"]))
    assert program.post("refunds", refund()).status_code == 410

    made = terminal.ask("source", "create", "--brand", shop.brand_id, "--kind", "api")
    assert (made["secret"], made["namespace"]) == (None, source["namespace"])
    assert told(program.post("refunds", refund())) == (201, "booked")
    create = ("source", "create", "--brand", shop.brand_id, "--kind", "api")
    assert "has its API source already" in terminal.refused(*create)
    assert "has no secret" in terminal.refused("source", "rotate", made["id"])


def test_nobody_signs_for_the_api(program: Program, shop: Shop, databases: Databases) -> None:
    program.post("sales", sale())
    with read_session(databases.main) as session:
        source_id = session.scalar(select(Source.id).where(Source.kind == "api"))
    assert program.client.post(f"/hooks/{source_id}", data=b"{}").status_code == 404


def test_what_a_person_put_aside_stays_aside(program: Program, databases: Databases) -> None:
    waiting = program.post("refunds", refund())
    event_id = waiting.json["event"]  # type: ignore[index]
    transact(databases.main, lambda session: dismiss(session, event_id, reason="not ours"))
    answer = program.post("refunds", refund())
    assert (answer.status_code, answer.mimetype) == (409, "application/problem+json")
    assert "not ours" in answer.json["detail"]  # type: ignore[index]


def test_attributions_are_those_of_any_door(program: Program, shop: Shop, databases: Databases) -> None:
    program.post("sales", sale(coupons=["ANNA10"]))
    assert [each.enrollment_id for each in shop.attributions()] == [shop.enrollments["anna"]]
    assert kept(databases, Attribution) == 1
