"""The OpenAPI document says what the API does: every answer of a story is held against it."""

import re
from typing import Any

import jsonschema
import pytest
from werkzeug.test import TestResponse

from config.database import Databases, transact
from tests.architecture.running import access_of
from tests.tracker.sales.programs import ApiClient, new_key
from tests.tracker.sales.shop import START, Shop, cancellation, dispute, refund, sale
from tracker.people.access.failed_attempts import MAX_FAILURES
from tracker.sales.inbox.operations import dismiss
from tracker.sales.reports.strict_json import MAXIMUM_BYTES
from tracker.sales.sources.operations import create_source, delete_source, ensure_api_source

SERVER_FAULT_STATUSES = {"408", "503"}
"""Without a stalled client or a dead database: see test_web_stalls.py and test_hooks.py."""

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def document(api_client: ApiClient) -> dict[str, Any]:
    found = api_client.client.get("/api/v1/openapi.json").json
    assert found is not None
    return dict(found)


def schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}", "components": document["components"]}


def path_of(document: dict[str, Any], called: str) -> str:
    path: str
    [path] = [each for each in document["paths"] if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", each), called)]
    return path


def check(document: dict[str, Any], called: str, answer: TestResponse) -> tuple[str, str]:
    """The path and status that the answer is documented under; its body and kind are as they are said."""
    path, status = path_of(document, called), str(answer.status_code)
    method = answer.request.method.lower()
    documented = document["paths"][path][method]["responses"]
    assert status in documented, f"{method} {path} answered {status}: {answer.text}"
    [(kind, content)] = documented[status]["content"].items()
    assert answer.mimetype == kind
    name = content["schema"]["$ref"].rpartition("/")[2]
    jsonschema.Draft202012Validator(schema(document, name)).validate(answer.json)
    return path, status


def report_everything(api_client: ApiClient, shop: Shop, databases: Databases) -> None:
    """Every documented answer of every address that a client can bring about."""
    for what, data in (
        ("refunds", refund()),
        ("disputes", dispute()),
        ("cancellations", cancellation()),
        ("sales", sale(click=shop.token("anna"), items=[{"sku": "A", "quantity": 1, "net": 1}])),
        ("sales", sale(items=[{"sku": "A", "quantity": 1, "net": 1}])),
        ("sales", sale(total=1000, tax=0)),
        ("sales", sale(order_id="1002")),
        ("refunds", refund("r2", order_id="1002")),
        ("refunds", refund("r2", order_id="1002", reason="again")),
        ("refunds", refund("r2", order_id="1002", amount=1)),
        ("disputes", dispute(order_id="1002")),
        ("disputes", dispute(order_id="1002", more=1)),
        ("disputes", dispute(order_id="1002", amount=1)),
        ("cancellations", cancellation(order_id="1002")),
        ("cancellations", cancellation(order_id="1002", more=1)),
    ):
        api_client.post(what, data)
    api_client.get("sales/1001")
    api_client.get("sales/unknown")
    values: dict[str, Any] = {"brand_id": shop.brand_id, "kind": "standard", "keys": shop.keys}
    other = transact(
        databases.main, lambda session: create_source(session, START, **values, namespace="other")[0].id
    )
    shop.send("sale.created", sale(), source_id=other)
    api_client.get("sales/1001")


def refuse_everything(api_client: ApiClient, shop: Shop, databases: Databases) -> None:
    paths = ("sales", "refunds", "disputes", "cancellations")
    other = ApiClient(api_client.client, new_key(shop, "postback"), api_client.answers)
    nobody = ApiClient(api_client.client, "nonsense", api_client.answers)
    for what in paths:
        api_client.post(what, b"{")
        api_client.post(what, {})
        api_client.post(what, b" " * (MAXIMUM_BYTES + 1))
        api_client.post(what, {}, **{"Content-Encoding": "gzip"})
        other.post(what, {})
        nobody.post(what, {})
    other.get("sales/1001")
    nobody.get("sales/1001")
    for _ in range(MAX_FAILURES):
        nobody.get("sales/1001")
    for what in paths:
        nobody.post(what, {})

    def close(session: Any) -> None:
        source = ensure_api_source(session, START, shop.brand_id, shop.keys)
        delete_source(session, START, source.id)

    waiting = api_client.post("cancellations", cancellation(order_id="1003")).json or {}
    transact(databases.main, lambda session: dismiss(session, waiting["event"], reason="an error"))
    api_client.post("cancellations", cancellation(order_id="1003"))
    transact(databases.main, close)
    for what, data in zip(paths, (sale(), refund(), dispute(), cancellation()), strict=True):
        api_client.post(what, data)


def test_every_answer_is_documented_and_every_documented_answer_is_given(
    api_client: ApiClient, shop: Shop, databases: Databases, document: dict[str, Any]
) -> None:
    report_everything(api_client, shop, databases)
    refuse_everything(api_client, shop, databases)
    given = {check(document, called, answer) for called, answer in api_client.answers}
    promised = {
        (path, status)
        for path, methods in document["paths"].items()
        for operation in methods.values()
        for status in operation["responses"]
        if status not in SERVER_FAULT_STATUSES
    }
    assert promised - given == {("/api/v1/sales", "202")}  # only after a fault of ours
    assert given <= promised


def test_every_address_is_in_the_document_with_its_scope(
    api_client: ApiClient, document: dict[str, Any]
) -> None:
    described = {
        (re.sub(r"\{\w+\}", "*", path), method.upper(), *operation["security"][0]["key"])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    application = api_client.client.application
    served = set()
    for rule in application.url_map.iter_rules():
        access = access_of(application, rule.endpoint)
        if rule.rule.startswith("/api/v1/") and access is not None and access.kind == "keyed":
            [method] = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            served.add((re.sub(r"<[^>]+>", "*", rule.rule), method, access.scope))
    assert described == served


@pytest.mark.parametrize(
    ("name", "base"),
    [("Sale", sale()), ("Refund", refund()), ("Dispute", dispute()), ("Cancellation", cancellation())],
)
def test_what_the_document_refuses_is_refused(
    api_client: ApiClient, document: dict[str, Any], name: str, base: dict[str, Any]
) -> None:
    """And what it allows is taken; finer rules, such as that tax is a part of the total, are in the words."""
    what = {"Sale": "sales", "Refund": "refunds", "Dispute": "disputes", "Cancellation": "cancellations"}[
        name
    ]
    validator = jsonschema.Draft202012Validator(schema(document, name))
    assert api_client.post(what, base).status_code in (201, 202)
    invalid_values: tuple[Any, ...] = (None, "", -1, 2**53, 1.5, [], {}, "x" * 201, True)
    for field in base:
        for value in invalid_values:
            changed = base | {field: value}
            if not validator.is_valid(changed):
                assert api_client.post(what, changed).status_code == 422, (field, value)
        assert not validator.is_valid({key: value for key, value in base.items() if key != field})
    for field in document["components"]["schemas"][name]["properties"].keys() - base.keys():
        assert validator.is_valid(base | {field: None})
        assert api_client.post(what, base | {field: None}).status_code in (200, 202)


def test_the_document_is_openapi(document: dict[str, Any]) -> None:
    """Every reference leads somewhere, and every schema is one."""
    for each in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(each)
    names = set(re.findall(r"#/components/schemas/(\w+)", repr(document["paths"])))
    assert names == set(document["components"]["schemas"])
    assert document["openapi"].startswith("3.1.")
