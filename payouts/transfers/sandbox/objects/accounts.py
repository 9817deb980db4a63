"""Creators' accounts (/v2/core/accounts) with the recipient configuration, and their onboarding links."""

import json
import secrets
import sqlite3
from datetime import UTC, datetime

from payouts.transfers.sandbox.call import Call
from payouts.transfers.sandbox.parameters import Field, Fields
from payouts.transfers.sandbox.responses import ApiError, ApiResponse, Json

LINK_LIFETIME_S = 600

_INCLUDABLE = (
    "configuration.customer",
    "configuration.merchant",
    "configuration.recipient",
    "defaults",
    "future_requirements",
    "identity",
    "requirements",
)
_INCLUDE = Field("strings", choices=_INCLUDABLE)
_REQUESTED: Fields = {"requested": Field("boolean", required=True)}

ACCOUNT_CREATE: Fields = {
    "account_token": Field("string", supported=False),
    "configuration": Field(
        "object",
        fields={
            "customer": Field("object", supported=False),
            "merchant": Field("object", supported=False),
            "recipient": Field(
                "object",
                fields={
                    "capabilities": Field(
                        "object",
                        fields={
                            "bank_accounts": Field("object", supported=False),
                            "cards": Field("object", supported=False),
                            "stripe_balance": Field(
                                "object", fields={"stripe_transfers": Field("object", fields=_REQUESTED)}
                            ),
                        },
                    )
                },
            ),
        },
    ),
    "contact_email": Field("string"),
    "contact_phone": Field("string"),
    "dashboard": Field("string", choices=("express", "full", "none")),
    "defaults": Field(
        "object",
        fields={
            "currency": Field("string"),
            "locales": Field("strings"),
            "profile": Field("object", supported=False),
            "responsibilities": Field(
                "object",
                fields={
                    "fees_collector": Field("string", required=True),
                    "losses_collector": Field("string", required=True, choices=("application", "stripe")),
                },
            ),
        },
    ),
    "display_name": Field("string"),
    "identity": Field(
        "object",
        fields={
            "attestations": Field("object", supported=False),
            "business_details": Field("object", supported=False),
            "country": Field("string"),
            "entity_type": Field(
                "string", choices=("company", "government_entity", "individual", "non_profit")
            ),
            "individual": Field("object", supported=False),
        },
    ),
    "include": _INCLUDE,
    "metadata": Field("metadata"),
}
ACCOUNT_GET: Fields = {"include": _INCLUDE}

_ONBOARDING: Fields = {
    "collection_options": Field(
        "object", fields={"fields": Field("string"), "future_requirements": Field("string")}
    ),
    "refresh_url": Field("string", required=True),
    "return_url": Field("string"),
}
LINK_CREATE: Fields = {
    "account": Field("string", required=True),
    "use_case": Field(
        "object",
        required=True,
        fields={
            "type": Field("string", required=True, choices=("account_onboarding", "account_update")),
            "account_onboarding": Field("object", fields=_ONBOARDING),
            "account_update": Field("object", supported=False),
        },
    ),
}

# The statuses of the capability, with the details that Stripe gives for each.
TRANSFER_STATUSES = ("active", "pending", "restricted", "unsupported")
_DETAILS: dict[str, list[Json]] = {
    "active": [],
    "pending": [{"code": "determining_status", "resolution": "no_resolution"}],
    "restricted": [{"code": "requirements_past_due", "resolution": "provide_info"}],
    "unsupported": [{"code": "unsupported_country", "resolution": "no_resolution"}],
}
_REQUIRED_FIELDS = ("identity.individual.given_name", "identity.individual.date_of_birth", "external_account")


def create_account(connection: sqlite3.Connection, call: Call, params: Json) -> ApiResponse:
    """POST /v2/core/accounts: a recipient, restricted until the onboarding page is completed."""
    include = params.pop("include", [])
    responsibilities = params.get("defaults", {}).get("responsibilities", {})
    if params.get("dashboard") == "express" and responsibilities.get("losses_collector") != "application":
        raise ApiError(
            "An account with the Express Dashboard needs the application to collect fees or losses.",
            code="account_controller_express_dash_without_application_losses_or_fees",
        )
    if len(params.get("identity", {}).get("country", "de")) != 2:
        raise ApiError("identity.country is an ISO 3166-1 alpha-2 code.", code="country_invalid")
    identifier = f"acct_{secrets.token_hex(8)}"
    connection.execute(
        "insert into account (id, created, given, transfers_status) values (?, ?, ?, 'restricted')",
        (identifier, call.now, json.dumps(params)),
    )
    return ApiResponse(200, _account_json(_account(connection, identifier), include))


def get_account(connection: sqlite3.Connection, call: Call, params: Json) -> ApiResponse:
    """GET /v2/core/accounts/{id}."""
    row = _account(connection, call.path_ids["id"])
    return ApiResponse(200, _account_json(row, params.get("include", [])))


def create_link(connection: sqlite3.Connection, call: Call, params: Json) -> ApiResponse:
    """POST /v2/core/account_links: a page for the creator that works once, for a few minutes."""
    account = _account(connection, params["account"])
    onboarding = params["use_case"].get("account_onboarding")
    if onboarding is None:
        raise ApiError("Missing required param: use_case[account_onboarding].", code="parameter_missing")
    token = secrets.token_urlsafe(24)
    expires = call.now + LINK_LIFETIME_S
    connection.execute(
        "insert into account_link (token, account_id, created, expires, return_url, refresh_url, used)"
        " values (?, ?, ?, ?, ?, ?, 0)",
        (
            token,
            account["id"],
            call.now,
            expires,
            _web_url(onboarding.get("return_url", onboarding["refresh_url"])),
            _web_url(onboarding["refresh_url"]),
        ),
    )
    body = {
        "object": "v2.core.account_link",
        "account": account["id"],
        "created": _iso(call.now),
        "expires_at": _iso(expires),
        "livemode": False,
        "url": f"{call.base_url}/onboarding/{token}",
        "use_case": params["use_case"],
    }
    return ApiResponse(200, body)


def set_transfers_status(connection: sqlite3.Connection, account_id: str, status: str) -> None:
    """Set, as Stripe would, whether the account may receive transfers. Raises ApiError for another status."""
    if status not in TRANSFER_STATUSES:
        raise ApiError(f"status must be one of {', '.join(TRANSFER_STATUSES)}.")
    _account(connection, account_id)
    connection.execute("update account set transfers_status = ? where id = ?", (status, account_id))


def _account(connection: sqlite3.Connection, identifier: str) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute(
        "select * from account where id = ?", (identifier,)
    ).fetchone()
    if row is None:
        raise ApiError(f"No such account: '{identifier}'", status=404, code="not_found")
    return row


def _account_json(row: sqlite3.Row, include: list[str]) -> Json:
    given = json.loads(row["given"])
    body: Json = {
        "id": row["id"],
        "object": "v2.core.account",
        "applied_configurations": ["recipient"] if "recipient" in given.get("configuration", {}) else [],
        "closed": False,
        "created": _iso(row["created"]),
        "livemode": False,
        "metadata": given.get("metadata", {}),
    }
    for name in ("contact_email", "contact_phone", "dashboard", "display_name"):
        if name in given:
            body[name] = given[name]
    if "configuration.recipient" in include and body["applied_configurations"]:
        body["configuration"] = {"recipient": _recipient(given, row["transfers_status"])}
    if "requirements" in include:
        body["requirements"] = {"entries": _requirements(row["transfers_status"])}
    if "identity" in include:
        body["identity"] = given.get("identity", {})
    if "defaults" in include and "responsibilities" in given.get("defaults", {}):
        responsibilities = {
            **given["defaults"]["responsibilities"],
            "requirements_collector": "stripe",
        }
        body["defaults"] = {**given["defaults"], "responsibilities": responsibilities}
    return body


def _recipient(given: Json, status: str) -> Json:
    capabilities = given["configuration"]["recipient"].get("capabilities", {})
    transfers = capabilities.get("stripe_balance", {}).get("stripe_transfers", {})
    if not transfers.get("requested"):
        return {"applied": True}
    capability = {"status": status, "status_details": _DETAILS[status]}
    return {"applied": True, "capabilities": {"stripe_balance": {"stripe_transfers": capability}}}


def _requirements(status: str) -> list[Json]:
    if status != "restricted":
        return []
    return [
        {
            "awaiting_action_from": "user",
            "description": what,
            "errors": [],
            "impact": {
                "restricts_capabilities": [
                    {
                        "capability": "stripe_balance.stripe_transfers",
                        "configuration": "recipient",
                        "deadline": {"status": "currently_due"},
                    }
                ]
            },
            "minimum_deadline": {"status": "currently_due"},
            "requested_reasons": [{"code": "routine_onboarding"}],
        }
        for what in _REQUIRED_FIELDS
    ]


def _web_url(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ApiError(f"Not a web address: {url}", code="url_invalid")
    return url


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
