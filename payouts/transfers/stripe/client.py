"""Stripe Connect: the only module that calls Stripe, and the only one that imports its SDK.

Every try to move money is one HTTP request. The SDK could repeat a request with the same key, but its last
exception would hide the tries before it: a timeout followed by a 429 would look as if nothing had been done.
So transfers and reversals are sent without the SDK's retries, and the caller repeats them by the rules of
`outcome.is_conclusive`. Reads, accounts and links may be retried: no decision depends on how they fail.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from payouts.transfers.stripe.outcome import (
    Kind,
    Outcome,
    code_and_detail,
    outcome_of_response,
    outcome_with_reason,
    rail_error,
    was_replayed,
)
from payouts.transfers.stripe.shapes import (
    Movement,
    PayeeStatus,
    RailError,
    StripeTransfer,
    parse_movement,
    parse_payee_status,
    parse_transfer,
    transfer_parameters,
)

__all__ = [
    "Movement",
    "PayeeStatus",
    "RailError",
    "StripeRail",
    "StripeTransfer",
    "transfer_parameters",
]

_SAFE_CALL_RETRIES = 2
_CLOCK_SKEW = timedelta(minutes=5)
"""How far Stripe's clock may be behind ours when we search for transfers made after a given time."""
_PAGE_SIZE = 100
_LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))
_MOVEMENT_TYPES = ("transfer", "transfer_refund", "transfer_cancel", "transfer_failure")
"""Types of balance transactions that transfers and their reversals cause on the platform's balance."""


class StripeRail:
    """One Stripe account, which belongs to one brand or is shared by brands.

    api_base: None for Stripe itself, else the sandbox's address. timeout_s: to connect, and between two bytes
    of a response. A try to move money lasts at most their sum, unless the response arrives very slowly.
    """

    def __init__(
        self, api_key: str, api_base: str | None = None, timeout_s: tuple[float, float] = (5.0, 30.0)
    ) -> None:
        self._api_key = api_key
        self._api_base = api_base
        self._timeout_s = timeout_s
        self._clients: dict[int, Any] = {}

    def __repr__(self) -> str:
        return f"StripeRail({self._api_base or 'Stripe'})"

    def api_version(self) -> str:
        """The API version that the SDK uses; store it with the parameters of an attempt."""
        import stripe

        return str(stripe.api_version)

    def create_payee(self, creator_id: str, email: str, country: str, display_name: str) -> str:
        """Create the account that receives transfers; returns its id. Idempotent.

        creator_id: our id, unique on this Stripe account. country: ISO 3166-1 alpha-2.
        """
        transfers = {"stripe_balance": {"stripe_transfers": {"requested": True}}}
        params = {
            "contact_email": email,
            "display_name": display_name,
            "dashboard": "express",
            "identity": {"country": country.lower(), "entity_type": "individual"},
            "configuration": {"recipient": {"capabilities": transfers}},
            "defaults": {
                "responsibilities": {"fees_collector": "application", "losses_collector": "application"}
            },
            "metadata": {"creator_id": creator_id},
        }
        # A corrected e-mail address makes another request, so it needs another key.
        digest = hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()[:16]
        options = _safe_options(idempotency_key=f"payee-{creator_id}-{digest}")
        account = self._call(lambda client: client.v2.core.accounts.create(params=params, options=options))
        return str(account.id)

    def payee_status(self, account_ref: str) -> PayeeStatus:
        params = {"include": ["configuration.recipient", "requirements"]}
        account = self._call(
            lambda client: client.v2.core.accounts.retrieve(
                account_ref, params=params, options=_safe_options()
            )
        )
        return parse_payee_status(account.to_dict())

    def onboarding_link(self, account_ref: str, return_url: str, refresh_url: str) -> str:
        """The address of a page for the creator. It works once, for some minutes; never store or log it."""
        urls = {"return_url": return_url, "refresh_url": refresh_url}
        params = {
            "account": account_ref,
            "use_case": {"type": "account_onboarding", "account_onboarding": urls},
        }
        link = self._call(
            lambda client: client.v2.core.account_links.create(params=params, options=_safe_options())
        )
        return str(link.url)

    def send_transfer(
        self, params: Mapping[str, Any], idempotency_key: str, api_version: str | None = None
    ) -> Outcome:
        """One try; errors become Outcomes. The same key always goes with the same params and version."""
        options = _transfer_options(idempotency_key, api_version)

        def send(client: Any) -> Any:
            return client.v1.transfers.create(params=dict(params), options=options)

        return self._send_once(send, "transfer", params)

    def reverse_transfer(
        self, transfer_ref: str, amount: int, idempotency_key: str, metadata: Mapping[str, str]
    ) -> Outcome:
        """Reverse `amount` (the rail's integer). The outcome's transfer_ref is the reversal's id."""
        params = {"amount": amount, "metadata": dict(metadata)}
        options = _transfer_options(idempotency_key, None)

        def send(client: Any) -> Any:
            return client.v1.transfers.reversals.create(transfer_ref, params=params, options=options)

        return self._send_once(send, "transfer_reversal", {"amount": amount, "transfer": transfer_ref})

    def find_transfers(
        self, transfer_group: str, destination: str, created_after: datetime
    ) -> list[StripeTransfer]:
        """All transfers of a payout, newest first; the search begins _CLOCK_SKEW before `created_after`."""
        params = {
            "transfer_group": transfer_group,
            "destination": destination,
            "created": {"gte": _unix_time(created_after - _CLOCK_SKEW)},
        }
        return [parse_transfer(item) for item in self._pages("transfers", params)]

    def transfer(self, transfer_ref: str) -> StripeTransfer:
        """One transfer as Stripe has it. Raises RailError when there is none with that id."""
        found = self._call(lambda client: client.v1.transfers.retrieve(transfer_ref, options=_safe_options()))
        return parse_transfer(found.to_dict())

    def dispute(self, dispute_ref: str) -> dict[str, Any] | None:
        """A dispute as Stripe has it; None when it has none with that id, or the key may not read it.

        Raises RailError.
        """
        options = _safe_options()
        try:
            found = self._call(lambda client: client.v1.disputes.retrieve(dispute_ref, options=options))
        except RailError as error:
            if error.http_status in (401, 403, 404):
                return None
            raise
        return dict(found.to_dict())

    def available_balance(self, currency: str) -> int:
        """The balance that can be sent now, as the rail's integer."""
        balance = self._call(lambda client: client.v1.balance.retrieve(options=_safe_options())).to_dict()
        return sum(
            int(part["amount"]) for part in balance["available"] if part["currency"] == currency.lower()
        )

    def list_transfer_movements(self, created_after: datetime) -> list[Movement]:
        """The movements of the balance by transfers and their reversals since then, oldest first."""
        since = {"gte": _unix_time(created_after)}
        found = [
            parse_movement(item)
            for kind in _MOVEMENT_TYPES
            for item in self._pages(
                "balance_transactions", {"type": kind, "created": since, "expand": ["data.source"]}
            )
        ]
        return sorted(found, key=lambda movement: (movement.created_at, movement.movement_ref))

    def _pages(self, collection: str, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        wanted = {**params, "limit": _PAGE_SIZE}
        while True:
            query = dict(wanted)
            page = self._call(
                lambda client, query=query: getattr(client.v1, collection).list(
                    params=query, options=_safe_options()
                )
            ).to_dict()
            yield from page["data"]
            if not page["has_more"] or not page["data"]:
                return
            wanted["starting_after"] = page["data"][-1]["id"]

    def _call(self, send: Callable[..., Any]) -> Any:
        """A call that moves no money. Raises RailError, without the SDK's exception and its contents."""
        import stripe

        try:
            return send(self._client())
        except stripe.StripeError as error:
            status, body = getattr(error, "http_status", None), getattr(error, "json_body", None)
            failure = rail_error(status, body)
        raise failure

    def _send_once(self, send: Callable[[Any], Any], what: str, sent: Mapping[str, Any]) -> Outcome:
        try:
            result = send(self._client())
        except Exception as error:
            return _outcome_of_error(error)
        response = getattr(result, "last_response", None)
        made = result.to_dict() if hasattr(result, "to_dict") else {}
        return outcome_of_response(
            made,
            what,
            sent,
            replayed=was_replayed(getattr(response, "headers", None)),
            http_status=getattr(response, "code", None),
        )

    def _client(self) -> Any:
        """This process's client: sockets do not survive a fork."""
        client = self._clients.get(os.getpid())
        return client or self._clients.setdefault(os.getpid(), self._new_client())

    def _new_client(self) -> Any:
        import stripe

        # With telemetry the SDK writes a file into the home directory, and fails if there is none.
        stripe.enable_telemetry = False
        is_loopback = urlsplit(self._api_base or "").hostname in _LOOPBACK
        http_client = stripe.RequestsClient(
            timeout=self._timeout_s,
            # Requests to this machine must not use a proxy from the environment.
            proxy={"http": "", "https": ""} if is_loopback else None,
        )
        return stripe.StripeClient(
            self._api_key,
            base_addresses={"api": self._api_base} if self._api_base else None,
            max_network_retries=0,
            http_client=http_client,
        )


def _safe_options(**options: Any) -> dict[str, Any]:
    return {"max_network_retries": _SAFE_CALL_RETRIES, **options}


def _transfer_options(idempotency_key: str, api_version: str | None) -> dict[str, Any]:
    options: dict[str, Any] = {"idempotency_key": idempotency_key, "max_network_retries": 0}
    return options if api_version is None else {**options, "stripe_version": api_version}


def _unix_time(moment: datetime) -> int:
    return int(moment.timestamp())


def _outcome_of_error(error: Exception) -> Outcome:
    """What an exception of the SDK means for one try."""
    status = getattr(error, "http_status", None)
    kind, word = _classify(error, status)
    code, detail = code_and_detail(getattr(error, "json_body", None))
    again = was_replayed(getattr(error, "headers", None))
    return outcome_with_reason(kind, word, code=code, detail=detail, replayed=again, http_status=status)


def _classify(error: Exception, http_status: int | None) -> tuple[Kind, str]:
    """The kind of the outcome and our code for it. An exception that is not listed is "unknown"."""
    import stripe

    if isinstance(error, stripe.APIError):
        if http_status == 409:
            return "unknown", "in_progress"
        return "unknown", "server_error" if (http_status or 0) >= 400 else "unreadable_answer"
    table: tuple[tuple[type[Exception], Kind, str], ...] = (
        (stripe.InvalidRequestError, "failed", "refused"),  # 400 and 404
        (stripe.APIConnectionError, "unknown", "no_answer"),
        (stripe.RateLimitError, "not_executed", "rate_limited"),
        (stripe.AuthenticationError, "not_executed", "unauthorized"),
        (stripe.PermissionError, "not_executed", "forbidden"),
        (stripe.IdempotencyError, "conflict", "idempotency_error"),
    )
    for known, kind, word in table:
        if isinstance(error, known):
            return kind, word
    return "unknown", "unexpected"
