"""Who may call a view. Every view says it; a test refuses one that does not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Any, TypeVar

import structlog
from flask import request

from config.database import reading, transact
from tracker.errors import LinkledgerError
from tracker.http.site import Site, site
from tracker.people.access.failed_attempts import FailedAttempts
from tracker.people.access.metrics import CALLERS_REFUSED
from tracker.people.keys.operations import Caller, NotLetIn, let_in, note_use
from tracker.people.keys.rules import SCOPES, read_key

log = structlog.get_logger(__name__)
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Access:
    """`kind` is "public", "signed" or "keyed"; `reason` says why that is right."""

    kind: str
    reason: str
    scope: str | None = None


class NotAllowed(LinkledgerError):
    """The caller is known, and his key is not for this."""

    status = 403
    exit_code = 2

    def __init__(self, caller: Caller, scope: str) -> None:
        has = " ".join(sorted(caller.scopes))
        super().__init__(f"{caller.key_id} may not {SCOPES[scope]}: it has {has}, this needs {scope}.")
        self.scope = scope

    def headers(self) -> dict[str, str]:
        challenge = f'Bearer realm="linkledger", error="insufficient_scope", scope="{self.scope}"'
        return {"WWW-Authenticate": challenge}


def public(reason: str) -> Callable[[View], View]:
    """Anybody may call this view."""
    return _marked(Access("public", reason))


def signed(reason: str) -> Callable[[View], View]:
    """The view itself verifies a signature over the raw request before it does anything."""
    return _marked(Access("signed", reason))


def bearer_token() -> str | None:
    """Of `Authorization: Bearer …` (RFC 6750, section 2.1)."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def keyed(
    scope: str, reason: str, shown: Callable[[], str | None] = bearer_token
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Only who shows a key with that scope gets to the view, which takes the Caller as its first argument.

    `shown` finds the key in the request. Raises NotLetIn, NotAllowed or TooManyFailures before the view.
    """
    assert scope in SCOPES, scope

    def guard(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(*arguments: Any, **named: Any) -> Any:
            return view(_caller(shown(), scope), *arguments, **named)

        return _marked(Access("keyed", reason, scope))(guarded)

    return guard


def _failed_attempts(_here: Site) -> FailedAttempts:
    return FailedAttempts()


def _caller(text: str | None, scope: str) -> Caller:
    now = datetime.now(UTC)
    presented = read_key(text or "")
    failures, name = site().part(_failed_attempts), f"{request.remote_addr} {presented and presented.key_id}"
    failures.refuse_beyond(name, now)
    try:
        if presented is None:
            raise _no_key(text)
        with reading(site().databases.main) as session:
            caller = let_in(session, now, presented)
    except NotLetIn as refusal:
        failures.note(name, now)
        _count_refusal(refusal.cause)
        raise
    if scope not in caller.scopes:
        _count_refusal("scope")
        raise NotAllowed(caller, scope)
    if caller.use_is_worth_noting(now):
        transact(site().databases.main, lambda session: note_use(session, now, caller.key_id))
    return caller


def _count_refusal(cause: str) -> None:
    CALLERS_REFUSED.labels(cause).inc()
    log.warning("caller refused", endpoint=request.endpoint, cause=cause)


def _no_key(text: str | None) -> NotLetIn:
    if not text:
        return NotLetIn("missing", "Show a key: Authorization: Bearer llk_… (linkledger key create --help).")
    return NotLetIn("malformed", "What was shown is no key: llk_, 32 digits, _ and 43 letters and digits.")


def _marked(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.__access__ = access  # type: ignore[attr-defined]
        return view

    return mark
