"""The OpenAPI document matches the API: every response of a scenario is validated against it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from werkzeug.test import TestResponse

from config.database import Databases, transact
from tests.architecture.running import access_of
from tests.cast.api import ApiClient
from tests.cast.people import PERSON, START, new_key
from tests.cast.shop import Shop, cancellation, dispute, refund, sale
from tracker.people.access.failed_attempts import MAX_FAILURES
from tracker.sales.inbox.apply_or_park import dismiss
from tracker.sales.reports.strict_json import MAXIMUM_BYTES
from tracker.sales.sources.operations import create_source, delete_source, ensure_api_source

PUBLISHED = Path(__file__).with_name("openapi_2026_11.json")
SERVER_FAULT_STATUSES = {"408", "503"}
"""They need a stalled client or a dead database: see test_web_stalls.py and test_hooks.py."""

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


def check(document: dict[str, Any], called: str, response: TestResponse) -> tuple[str, str]:
    """Validates body and content type of a response; returns the documented path and the status."""
    path, status = path_of(document, called), str(response.status_code)
    method = response.request.method.lower()
    documented = document["paths"][path][method]["responses"]
    assert status in documented, f"{method} {path} returned {status}: {response.text}"
    [(kind, content)] = documented[status]["content"].items()
    assert response.mimetype == kind
    name = content["schema"]["$ref"].rpartition("/")[2]
    jsonschema.Draft202012Validator(schema(document, name)).validate(response.json)
    return path, status


def report_everything(api_client: ApiClient, shop: Shop, databases: Databases) -> None:
    """Causes every documented response to valid reports and reads."""
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
        databases.main,
        lambda session: create_source(session, START, actor=PERSON, **values, namespace="other")[0].id,
    )
    shop.send("sale.created", sale(), source_id=other)
    api_client.get("sales/1001")


def refuse_everything(api_client: ApiClient, shop: Shop, databases: Databases) -> None:
    """Causes every documented error response."""
    paths = ("sales", "refunds", "disputes", "cancellations")
    other = ApiClient(
        api_client.client, new_key(shop.databases, shop.brand_id, "postback"), api_client.responses
    )
    stranger = ApiClient(api_client.client, "nonsense", api_client.responses)
    for what in paths:
        api_client.post(what, b"{")
        api_client.post(what, {})
        api_client.post(what, b" " * (MAXIMUM_BYTES + 1))
        api_client.post(what, {}, **{"Content-Encoding": "gzip"})
        other.post(what, {})
        stranger.post(what, {})
    other.get("sales/1001")
    stranger.get("sales/1001")
    for _ in range(MAX_FAILURES):
        stranger.get("sales/1001")
    for what in paths:
        stranger.post(what, {})

    def close(session: Any) -> None:
        source = ensure_api_source(session, START, shop.brand_id, shop.keys, actor=PERSON)
        delete_source(session, START, source.id, actor=PERSON)

    waiting = api_client.post("cancellations", cancellation(order_id="1003")).json or {}
    transact(databases.main, lambda session: dismiss(session, waiting["event"], reason="an error"))
    api_client.post("cancellations", cancellation(order_id="1003"))
    transact(databases.main, close)
    for what, data in zip(paths, (sale(), refund(), dispute(), cancellation()), strict=True):
        api_client.post(what, data)


def test_every_response_is_documented_and_every_documented_response_occurs(
    api_client: ApiClient, shop: Shop, databases: Databases, document: dict[str, Any]
) -> None:
    report_everything(api_client, shop, databases)
    refuse_everything(api_client, shop, databases)
    returned = {check(document, called, response) for called, response in api_client.responses}
    documented = {
        (path, status)
        for path, methods in document["paths"].items()
        for operation in methods.values()
        for status in operation["responses"]
        if status not in SERVER_FAULT_STATUSES
    }
    assert documented - returned == {("/api/v1/sales", "202")}  # only after an internal error
    assert returned <= documented


def test_every_api_path_is_documented_with_its_scope(api_client: ApiClient, document: dict[str, Any]) -> None:
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
def test_values_that_the_schema_forbids_are_refused(
    api_client: ApiClient, document: dict[str, Any], name: str, base: dict[str, Any]
) -> None:
    """And values that it allows are accepted, except for rules that a schema cannot express."""
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


def gone(former: Any, present: Any, place: str = "") -> Iterator[str]:
    """Places of the former document whose value is missing or another one in the present document."""
    if isinstance(former, list) and isinstance(present, list):
        yield from (f"{place}: {each!r} is missing" for each in former if each not in present)
        return
    if not isinstance(former, dict) or not isinstance(present, dict):
        if former != present:
            yield f"{place}: {former!r} is {present!r}"
        return
    for name, value in former.items():
        yield from gone(value, present.get(name, "missing"), f"{place}/{name}")


def test_the_document_keeps_every_field_and_value_that_was_published(document: dict[str, Any]) -> None:
    """Programs are generated from it: additions are free, but no report may need another field."""
    published = json.loads(PUBLISHED.read_text())
    assert list(gone(published, document)) == []
    former, present = (each["components"]["schemas"] for each in (published, document))
    for name in ("Sale", "Refund", "Cancellation", "Dispute"):
        assert present[name]["required"] == former[name]["required"]
    items = [each["Sale"]["properties"]["items"]["items"] for each in (former, present)]
    assert items[0]["required"] == items[1]["required"]


def test_a_changed_or_missing_value_of_the_document_is_found(document: dict[str, Any]) -> None:
    former = json.loads(PUBLISHED.read_text())
    former["components"]["schemas"]["Sale"]["properties"]["total"]["minimum"] = 1
    former["components"]["schemas"]["Sale"]["properties"]["former"] = {}
    assert [each.partition(":")[0] for each in gone(former, document)] == [
        f"/components/schemas/Sale/properties/{name}" for name in ("total/minimum", "former")
    ]


@pytest.mark.parametrize("report", ["Sale", "Refund"])
def test_the_id_of_a_line_may_be_a_number(document: dict[str, Any], report: str) -> None:
    line_id = document["components"]["schemas"][report]["properties"]["items"]["items"]["properties"]["id"]
    accepted = jsonschema.Draft202012Validator(line_id)
    values = ("L1", 7, None, 0, "x" * 201)
    assert [accepted.is_valid(each) for each in values] == [True, True, True, False, False]


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    """Every reference has a target, and every schema is valid."""
    for each in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(each)
    names = set(re.findall(r"#/components/schemas/(\w+)", repr(document["paths"])))
    assert names == set(document["components"]["schemas"])
    assert document["openapi"].startswith("3.1.")
