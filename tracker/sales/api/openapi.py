"""The OpenAPI 3.1 document of the brand API. Pure; tests validate every response against it."""

from copy import deepcopy
from functools import cache
from typing import Any

from tracker.sales.reports.field_types import CURRENCY, TEXT, TIME
from tracker.sales.reports.fields import MAX_TEXT_LENGTH
from tracker.sales.reports.json_schema import report_schema
from tracker.sales.reports.parsing import REPORT_TYPES, ReportType

VERSION = "1"

_NULLABLE_TEXT = {"type": ["string", "null"], "maxLength": MAX_TEXT_LENGTH}


def _described(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return schema | {"description": description}


def _object_schema(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """Additional fields are allowed: adding one is not a new version."""
    return {"type": "object", "required": list(required), "properties": required | (optional or {})}


_MONEY = _object_schema(
    {
        "minor": {"type": "integer", "description": "In minor units of the currency."},
        "currency": CURRENCY.schema(),
    }
)
_TAKEN = _object_schema(
    {
        "event": {"type": "string", "pattern": "^evt_", "description": "The id of the stored report."},
        "outcome": {
            "enum": ["booked", "known", "waiting"],
            "description": "`booked`: applied. `known`: booked before. `waiting`: stored, not applied yet.",
        },
        "reason": {"type": ["string", "null"], "description": "Details of the outcome, if there are any."},
        "reason_code": {"type": ["string", "null"], "description": "The reason as a code, if it has one."},
        "reason_parameters": {"type": ["object", "null"], "description": "What the words of the code name."},
    }
)
_ATTRIBUTION = _object_schema(
    {
        "revision": {"type": "integer", "description": "1 for the first decision; new evidence adds one."},
        "enrollment": {
            "type": ["string", "null"],
            "description": "The enrollment of the credited creator, or null when nobody is credited.",
        },
        "reason": {"type": "string", "description": "Why this creator, or nobody, is credited."},
        "reason_code": _described(_NULLABLE_TEXT, "The same as a code; null for decisions before rules 3."),
        "reason_parameters": {"type": ["object", "null"], "description": "What the words of the code name."},
        "candidates": {"type": "array", "description": "The considered clicks, coupons and bindings."},
    }
)
_SALE_HISTORY = _object_schema(
    {
        "id": {"type": "string", "pattern": "^sal_"},
        "order_id": TEXT.schema("Your id of the order."),
        "occurred_at": TIME.schema("When the order was paid. RFC 3339 with a zone."),
        "total": _described(_MONEY, "What the shopper paid."),
        "net": _described(_MONEY, "The total without tax and shipping."),
        "test": {"type": "boolean", "description": "Whether it is a test order, which earns nothing."},
        "refunds": {"type": "array", "items": {"type": "object"}},
        "disputes": {"type": "array", "items": {"type": "object"}},
        "cancelled_at": {"type": ["string", "null"], "description": "When the order was cancelled, or null."},
        "attributions": {
            "type": "array",
            "items": _ATTRIBUTION,
            "description": "All decisions about who is credited, the current one last.",
        },
    }
)
_PROBLEM = _object_schema(
    {
        "title": {"type": "string", "description": "The name of the HTTP status."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "detail": {"type": "string", "description": "What is wrong, and what to do."},
    },
    {
        "field": {"type": "string", "description": "The invalid field, such as items[0].net."},
        "event": {"type": "string", "description": "The id of the stored report."},
    },
)

_RESPONSES = {"Taken": _TAKEN, "SaleHistory": _SALE_HISTORY, "Problem": _PROBLEM}

_PROBLEMS = {
    "400": "The body is not valid JSON or is incomplete.",
    "401": "The key is missing, unknown, revoked or expired.",
    "403": "The key lacks the required scope.",
    "408": "The request body was not received in time. Send the request again.",
    "409": "The report contradicts booked data, or it was dismissed by a person. Nothing was changed.",
    "410": "The API source of the brand was deleted.",
    "413": "The body is larger than 1 MiB.",
    "415": "The body is compressed. Send it without Content-Encoding.",
    "422": "A field is invalid, or the Idempotency-Key was used for another report. Nothing was stored.",
    "429": "Too many failed attempts with this key. Wait for the number of seconds in Retry-After.",
    "503": "The database is unavailable. Nothing was stored; send the request again.",
}
_ACCEPTED = {
    "201": "The report was booked.",
    "200": "The report was booked before. No amount was changed; `reason` names new evidence.",
    "202": "The report was stored but not applied yet. `reason` says why: its sale was not reported yet, or "
    "an internal error occurred.",
}
_SUMMARIES = {
    "sale": "Report a sale",
    "refund": "Report a refund",
    "cancellation": "Report the cancellation of an order",
    "dispute": "Report a new status of a dispute",
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": "Your unique id of this request: 1 to 200 visible ASCII characters, such as a UUID. A "
    "repeated request gets the same response, with Idempotency-Replayed: true, and is booked once. For a "
    "request that waited (202), the response says what became of it.",
}


def api_document(url: str) -> dict[str, Any]:
    """The document; `url` is the base URL of this installation."""
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Linkledger", "version": VERSION},
        "servers": [{"url": url}],
        "paths": {f"/api/v1/{each.plural}": {"post": _report_operation(each)} for each in REPORT_TYPES}
        | {"/api/v1/sales/{order_id}": {"get": _sale_operation()}},
        "components": {
            "schemas": _report_schemas() | _RESPONSES,
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, llk_…, with the required scope.",
                }
            },
        },
    }
    return deepcopy(document)


@cache
def _report_schemas() -> dict[str, Any]:
    return {_schema_name(each): report_schema(each.report) for each in REPORT_TYPES}


def _schema_name(report_type: ReportType) -> str:
    return report_type.name.capitalize()


def _report_operation(report_type: ReportType) -> dict[str, Any]:
    schema = _schema_name(report_type)
    return {
        "summary": _SUMMARIES[report_type.name],
        "security": [{"key": ["sales:write"]}],
        "parameters": [_IDEMPOTENCY_KEY],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _ref(schema)}}},
        "responses": {status: _response(text, "Taken") for status, text in _ACCEPTED.items()}
        | _problem_responses(),
    }


def _sale_operation() -> dict[str, Any]:
    def parameter(name: str, place: str, description: str) -> dict[str, Any]:
        return {
            "name": name,
            "in": place,
            "required": place == "path",
            "schema": {"type": "string"},
            "description": description,
        }

    return {
        "summary": "Read a sale with its history and attribution",
        "security": [{"key": ["sales:read"]}],
        "parameters": [
            parameter("order_id", "path", "The order's id or another name of the order, percent-encoded."),
            parameter("namespace", "query", "Required when the order exists in several namespaces."),
        ],
        "responses": {"200": _response("The sale with its history.", "SaleHistory")}
        | {
            status: text
            for status, text in _problem_responses().items()
            if status in ("401", "403", "429", "503")
        }
        | {"404": _problem_response("The brand has no such sale.")}
        | {
            "409": _problem_response(
                "The order exists in several namespaces. Add ?namespace= with one of them."
            )
        },
    }


def _problem_responses() -> dict[str, Any]:
    return {status: _problem_response(text) for status, text in _PROBLEMS.items()}


def _problem_response(text: str) -> dict[str, Any]:
    return _response(text, "Problem", "application/problem+json")


def _response(text: str, schema: str, kind: str = "application/json") -> dict[str, Any]:
    return {"description": text, "content": {kind: {"schema": _ref(schema)}}}


def _ref(schema: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema}"}
