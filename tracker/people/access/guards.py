"""Access control of views by API keys. What every view declares is in tracker/http/access.py."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any

import structlog
from flask import request
from prometheus_client import Counter

from config.database import read_session, transact
from tracker.errors import LinkledgerError
from tracker.http.access import Access, with_access
from tracker.http.site import Site, site
from tracker.people.access.failed_attempts import FailedAttempts
from tracker.people.keys.operations import Caller, Unauthenticated, authenticate, record_use
from tracker.people.keys.rules import SCOPES, parse_key

log = structlog.get_logger(__name__)


class Forbidden(LinkledgerError):
    """The key is valid but lacks the required scope."""

    status = 403
    exit_code = 2

    def __init__(self, caller: Caller, scope: str) -> None:
        has = " ".join(sorted(caller.scopes))
        super().__init__(
            f"{caller.key_id} lacks the required scope {scope} ({SCOPES[scope]}); it has: {has}."
        )
        self.scope = scope

    def headers(self) -> dict[str, str]:
        challenge = f'Bearer realm="linkledger", error="insufficient_scope", scope="{self.scope}"'
        return {"WWW-Authenticate": challenge}


def bearer_token() -> str | None:
    """The token of the header `Authorization: Bearer …` (RFC 6750, section 2.1), or None."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def keyed(
    scope: str, reason: str, shown: Callable[[], str | None] = bearer_token
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Require an API key with this scope. The view gets the Caller as its first argument.

    `shown` finds the key in the request. Unauthenticated, Forbidden or TooManyFailures is raised before the
    view runs.
    """
    assert scope in SCOPES, scope

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def wrapper(*arguments: Any, **named: Any) -> Any:
            return view(_authenticate(shown(), scope), *arguments, **named)

        return with_access(Access("keyed", reason, scope))(wrapper)

    return decorate


def _failed_attempts(_here: Site) -> FailedAttempts:
    return FailedAttempts()


def _authenticate(text: str | None, scope: str) -> Caller:
    now = datetime.now(UTC)
    presented = parse_key(text or "")
    failures, name = site().part(_failed_attempts), f"{request.remote_addr} {presented and presented.key_id}"
    failures.check_limit(name, now)
    try:
        if presented is None:
            raise _missing_key_error(text)
        with read_session(site().databases.main) as session:
            caller = authenticate(session, now, presented)
    except Unauthenticated as refusal:
        failures.record(name, now)
        _count_refusal(refusal.cause)
        raise
    if scope not in caller.scopes:
        _count_refusal("scope")
        raise Forbidden(caller, scope)
    if caller.should_record_use(now):
        transact(site().databases.main, lambda session: record_use(session, now, caller.key_id))
    return caller


def _count_refusal(cause: str) -> None:
    CALLERS_REFUSED.labels(cause).inc()
    log.warning("caller refused", endpoint=request.endpoint, cause=cause)


def _missing_key_error(text: str | None) -> Unauthenticated:
    if not text:
        return Unauthenticated(
            "missing", "An API key is required: Authorization: Bearer llk_… (linkledger key create --help)."
        )
    return Unauthenticated(
        "malformed",
        "The presented text is not an API key, which is llk_, 32 hex digits, _ and 43 letters and digits.",
    )


CALLERS_REFUSED = Counter(
    "linkledger_callers_refused",
    "Requests whose key was missing, invalid, revoked, expired or lacked the required scope.",
    ["cause"],
)
