"""The OpenAPI 3.1 document of the API. Pure; tests validate every response against it."""

from copy import deepcopy
from typing import Any

VERSION = "1"

_AMOUNT = {"type": "integer", "minimum": 0, "maximum": 2**53 - 1, "description": "Minor units of currency."}
_POSITIVE = _AMOUNT | {"minimum": 1}
_TEXT = {"type": "string", "minLength": 1, "maxLength": 200}
_TIME = {"type": "string", "format": "date-time", "description": "RFC 3339, with its zone."}
_CURRENCY = {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217."}


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]}


def _object_schema(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """Additional fields are allowed: adding one is not a new version."""
    return {"type": "object", "required": list(required), "properties": required | (optional or {})}


_TOKENS = {"type": ["array", "null"], "items": {"type": "string"}, "maxItems": 100}
_ITEM = _object_schema({"sku": _TEXT, "quantity": _POSITIVE, "net": _AMOUNT})
_MONEY = _object_schema({"minor": {"type": "integer"}, "currency": _CURRENCY})
_PARTS = {"tax": _nullable(_AMOUNT), "shipping": _nullable(_AMOUNT)}

_SCHEMAS = {
    "Sale": _object_schema(
        {
            "order_id": _TEXT,
            "occurred_at": _TIME,
            "currency": _CURRENCY,
            "total": _AMOUNT | {"description": "What was paid: after discount, with tax and shipping."},
            "tax": _AMOUNT,
            "shipping": _AMOUNT | {"description": "Without its tax."},
        },
        {
            "discount": _nullable(_AMOUNT),
            "cost": _nullable(_AMOUNT),
            "click": {"type": ["string", "null"], "description": "The value of ll in the shop's address."},
            "touches": _TOKENS,
            "coupons": _TOKENS,
            "customer": {"type": ["string", "null"], "maxLength": 200, "description": "An opaque id."},
            "customer_email_hash": {"type": ["string", "null"], "maxLength": 200},
            "items": {"type": ["array", "null"], "items": _ITEM, "maxItems": 100},
            "references": _TOKENS
            | {"description": "Other names of the order, such as its payment at Stripe (pi_…, cs_…)."},
            "test": {
                "type": ["boolean", "null"],
                "description": "A test order: booked separately, earns nothing.",
            },
        },
    ),
    "Refund": _object_schema(
        {
            "order_id": _TEXT,
            "refund_id": _TEXT,
            "occurred_at": _TIME,
            "currency": _CURRENCY,
            "amount": _POSITIVE,
        },
        _PARTS | {"reason": {"type": ["string", "null"], "maxLength": 200}},
    ),
    "Cancellation": _object_schema({"order_id": _TEXT, "occurred_at": _TIME}),
    "Dispute": _object_schema(
        {
            "order_id": _TEXT,
            "dispute_id": _TEXT,
            "occurred_at": _TIME,
            "currency": _CURRENCY,
            "status": {"enum": ["opened", "won", "lost"]},
            "amount": _POSITIVE,
        }
    ),
    "Taken": _object_schema(
        {
            "event": {"type": "string", "pattern": "^evt_"},
            "outcome": {"enum": ["booked", "known", "waiting"]},
            "reason": {"type": ["string", "null"]},
        }
    ),
    "SaleHistory": _object_schema(
        {
            "id": {"type": "string", "pattern": "^sal_"},
            "order_id": _TEXT,
            "occurred_at": _TIME,
            "total": _MONEY,
            "net": _MONEY,
            "test": {"type": "boolean"},
            "refunds": {"type": "array", "items": {"type": "object"}},
            "disputes": {"type": "array", "items": {"type": "object"}},
            "cancelled_at": {"type": ["string", "null"]},
            "attributions": {
                "type": "array",
                "items": _object_schema(
                    {
                        "revision": {"type": "integer"},
                        "enrollment": {"type": ["string", "null"]},
                        "reason": {"type": "string"},
                        "candidates": {"type": "array"},
                    }
                ),
                "description": "Ordered from the first to the current one.",
            },
        }
    ),
    "Problem": _object_schema(
        {"title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string"}},
        {"field": {"type": "string", "description": "The invalid field."}, "event": {"type": "string"}},
    ),
}

_PROBLEMS = {
    "400": "The body is not valid JSON or is incomplete.",
    "401": "The key is missing, unknown, revoked or expired.",
    "403": "The key lacks the required scope.",
    "408": "The request body timed out.",
    "409": "The report contradicts booked data, or it was dismissed. Nothing was changed.",
    "410": "The API source of the brand was deleted.",
    "413": "The body is larger than 1 MiB.",
    "415": "The body is compressed.",
    "422": "A field is invalid, or the Idempotency-Key was used for another report. Nothing was stored.",
    "429": "Too many failed attempts with this key; see Retry-After.",
    "503": "The database is unavailable; send the request again.",
}
_ACCEPTED = {
    "201": "Booked.",
    "200": "Already booked; no amount was changed.",
    "202": "Stored but not applied yet, for the reason given: its sale is missing, or an internal error occurred.",
}
_REPORTS = {
    "/api/v1/sales": ("Report a sale", "Sale"),
    "/api/v1/refunds": ("Report a refund", "Refund"),
    "/api/v1/cancellations": ("Report the cancellation of an order", "Cancellation"),
    "/api/v1/disputes": ("Report a change of a dispute's status", "Dispute"),
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": "Your unique id of this request: a repetition gets the same response and is booked once.",
}


def api_document(url: str) -> dict[str, Any]:
    """`url` is where this installation is reached."""
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Linkledger", "version": VERSION},
        "servers": [{"url": url}],
        "paths": {path: {"post": _report_operation(path)} for path in _REPORTS}
        | {"/api/v1/sales/{order_id}": {"get": _sale_operation()}},
        "components": {
            "schemas": _SCHEMAS,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "llk_…"}},
        },
    }
    return deepcopy(document)


def _report_operation(path: str) -> dict[str, Any]:
    summary, schema = _REPORTS[path]
    return {
        "summary": summary,
        "security": [{"key": ["sales:write"]}],
        "parameters": [_IDEMPOTENCY_KEY],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _ref(schema)}}},
        "responses": {status: _response(text, "Taken") for status, text in _ACCEPTED.items()}
        | _problem_responses(),
    }


def _sale_operation() -> dict[str, Any]:
    def parameter(name: str, place: str) -> dict[str, Any]:
        return {"name": name, "in": place, "required": place == "path", "schema": {"type": "string"}}

    return {
        "summary": "A sale with its history and attribution",
        "security": [{"key": ["sales:read"]}],
        "parameters": [parameter("order_id", "path"), parameter("namespace", "query")],
        "responses": {"200": _response("The sale.", "SaleHistory")}
        | {
            status: text
            for status, text in _problem_responses().items()
            if status in ("401", "403", "429", "503")
        }
        | {"404": _problem_response("The brand has no such sale.")}
        | {"409": _problem_response("The order exists in several namespaces: add ?namespace=.")},
    }


def _problem_responses() -> dict[str, Any]:
    return {status: _problem_response(text) for status, text in _PROBLEMS.items()}


def _problem_response(text: str) -> dict[str, Any]:
    return _response(text, "Problem", "application/problem+json")


def _response(text: str, schema: str, kind: str = "application/json") -> dict[str, Any]:
    return {"description": text, "content": {kind: {"schema": _ref(schema)}}}


def _ref(schema: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema}"}
