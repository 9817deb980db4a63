"""The OpenAPI 3.1 document of the brand API. Pure; tests validate every response against it."""

from copy import deepcopy
from typing import Any

VERSION = "1"

_AMOUNT = {
    "type": "integer",
    "minimum": 0,
    "maximum": 2**53 - 1,
    "description": "In minor units of the currency: 1190 is 11.90 EUR, and 1190 JPY.",
}
_POSITIVE = _AMOUNT | {"minimum": 1}
_TEXT = {"type": "string", "minLength": 1, "maxLength": 200}
_NULLABLE_TEXT = {"type": ["string", "null"], "maxLength": 200}
_TIME = {
    "type": "string",
    "format": "date-time",
    "description": "RFC 3339 with a zone, such as 2026-11-01T10:00:00Z; at most one day in the future.",
}
_CURRENCY = {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217 code, in upper case."}
_ORDER_ID = _TEXT | {"description": "Your id of the order."}


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]}


def _described(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return schema | {"description": description}


def _object_schema(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """Additional fields are allowed: adding one is not a new version."""
    return {"type": "object", "required": list(required), "properties": required | (optional or {})}


_STRINGS = {"type": ["array", "null"], "items": {"type": "string"}, "maxItems": 100}
_ITEM = _object_schema(
    {
        "sku": _described(_TEXT, "Your id of the product."),
        "quantity": _described(_POSITIVE, "Number of pieces."),
        "net": _described(_AMOUNT, "Price of all pieces together without tax, in minor units."),
    }
)
_MONEY = _object_schema(
    {"minor": {"type": "integer", "description": "In minor units of the currency."}, "currency": _CURRENCY}
)
_REFUND_PARTS = {
    "tax": _described(_nullable(_AMOUNT), "The part of `amount` that is tax."),
    "shipping": _described(_nullable(_AMOUNT), "The part of `amount` that is shipping, without its tax."),
}

_SALE = _object_schema(
    {
        "order_id": _described(_TEXT, "Your id of the order. There is one sale per order."),
        "occurred_at": _described(_TIME, "When the order was paid. RFC 3339 with a zone."),
        "currency": _CURRENCY,
        "total": _described(_AMOUNT, "What the shopper paid: after discount, with tax and shipping."),
        "tax": _described(_AMOUNT, "All tax, including tax on shipping; 0 when there is none."),
        "shipping": _described(_AMOUNT, "Shipping without its tax; 0 when there is none."),
    },
    {
        "discount": _described(_nullable(_AMOUNT), "The discount that is already subtracted from `total`."),
        "cost": _described(
            _nullable(_AMOUNT), "What the order cost you; for programs that pay commission on profit."
        ),
        "click": {
            "type": ["string", "null"],
            "description": "The click token: the value of the parameter `ll` in the URL of the visit.",
        },
        "touches": _described(_STRINGS, "All click tokens of the shopper, if your shop stores several."),
        "coupons": _described(_STRINGS, "The discount codes of the order, in the order of their use."),
        "customer": _described(
            _NULLABLE_TEXT,
            "Your id of the customer, not an e-mail address. It is used to recognise later orders.",
        ),
        "customer_email_hash": _described(
            _NULLABLE_TEXT,
            "SHA-256, in hex, of the customer's e-mail address in lower case without surrounding spaces.",
        ),
        "items": {"type": ["array", "null"], "items": _ITEM, "maxItems": 100},
        "references": _described(
            _STRINGS, "Other names of the order, such as its payment at Stripe (pi_…, ch_…, cs_…)."
        ),
        "test": {
            "type": ["boolean", "null"],
            "description": "Whether this is a test order. It is booked separately and earns nothing.",
        },
    },
)
_REFUND = _object_schema(
    {
        "order_id": _ORDER_ID,
        "refund_id": _described(_TEXT, "Your id of the refund, unique within the order."),
        "occurred_at": _TIME,
        "currency": _described(_CURRENCY, "The currency of the sale. ISO 4217 code, in upper case."),
        "amount": _described(_POSITIVE, "What the shopper got back, including tax and shipping."),
    },
    _REFUND_PARTS | {"reason": _described(_NULLABLE_TEXT, "Your reason for the refund, as free text.")},
)
_DISPUTE = _object_schema(
    {
        "order_id": _ORDER_ID,
        "dispute_id": _described(_TEXT, "Your id of the dispute, the same for all its status changes."),
        "occurred_at": _TIME,
        "currency": _described(_CURRENCY, "The currency of the sale. ISO 4217 code, in upper case."),
        "status": {
            "enum": ["opened", "won", "lost"],
            "description": "An opened dispute holds the commission. `won` and `lost` are from your side.",
        },
        "amount": _described(_POSITIVE, "The disputed amount."),
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
        "order_id": _ORDER_ID,
        "occurred_at": _described(_TIME, "When the order was paid. RFC 3339 with a zone."),
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

_SCHEMAS = {
    "Sale": _SALE,
    "Refund": _REFUND,
    "Cancellation": _object_schema(
        {
            "order_id": _ORDER_ID,
            "occurred_at": _described(_TIME, "When the order was cancelled. RFC 3339 with a zone."),
        }
    ),
    "Dispute": _DISPUTE,
    "Taken": _TAKEN,
    "SaleHistory": _SALE_HISTORY,
    "Problem": _PROBLEM,
}

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
_REPORTS = {
    "/api/v1/sales": ("Report a sale", "Sale"),
    "/api/v1/refunds": ("Report a refund", "Refund"),
    "/api/v1/cancellations": ("Report the cancellation of an order", "Cancellation"),
    "/api/v1/disputes": ("Report a new status of a dispute", "Dispute"),
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
        "paths": {path: {"post": _report_operation(path)} for path in _REPORTS}
        | {"/api/v1/sales/{order_id}": {"get": _sale_operation()}},
        "components": {
            "schemas": _SCHEMAS,
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
