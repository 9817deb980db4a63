"""Disputes of payments: set by the sandbox's owner, read by the API."""

import sqlite3

from payouts.transfers.sandbox.call import Call
from payouts.transfers.sandbox.parameters import Field, Fields
from payouts.transfers.sandbox.responses import ApiResponse, Json, missing_object

DISPUTE_GET: Fields = {"expand": Field("strings", supported=False)}

_EVIDENCE = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
)


def set_dispute(connection: sqlite3.Connection, now: int, dispute: Json) -> None:
    """Create the dispute with that id, or change it. `dispute` has the columns of the table."""
    connection.execute(
        "insert into dispute (id, created, amount, currency, charge, payment_intent, status)"
        " values (:id, :created, :amount, :currency, :charge, :payment_intent, :status)"
        " on conflict (id) do update set status = excluded.status, amount = excluded.amount",
        {"created": now, **dispute},
    )


def get_dispute(connection: sqlite3.Connection, call: Call, params: Json) -> ApiResponse:
    """GET /v1/disputes/{id}."""
    identifier = call.path_ids["id"]
    row = connection.execute("select * from dispute where id = ?", (identifier,)).fetchone()
    if row is None:
        raise missing_object("dispute", identifier)
    return ApiResponse(200, _dispute_json(row))


def _dispute_json(row: sqlite3.Row) -> Json:
    return {
        "id": row["id"],
        "object": "dispute",
        "amount": row["amount"],
        "balance_transactions": [],
        "charge": row["charge"],
        "created": row["created"],
        "currency": row["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(_EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": None,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": row["payment_intent"],
        "reason": "fraudulent",
        "status": row["status"],
    }
