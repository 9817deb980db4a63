"""The cookies of sign-in: `__Host-` and Secure, or plain names on loopback without TLS.

`__Host-` (RFC 6265bis, section 4.1.3.2) keeps other hosts of the same domain from setting them.
"""

from datetime import timedelta
from urllib.parse import urlsplit

from flask import request
from werkzeug.wrappers import Response

from tracker.errors import Invalid
from tracker.people.accounts.rules import is_loopback
from tracker.people.sessions.rules import UNUSED, is_token

SESSION_COOKIE = "linkledger"
ASKED_COOKIE = "linkledger-asked"
"""Marks the browser that asked for a sign-in mail."""
ASKED_LIFETIME = timedelta(hours=1)


def session_token() -> str | None:
    """The token that the browser shows, if it has the form of one."""
    return _read(SESSION_COOKIE)


def set_session_cookie(response: Response, token: str) -> None:
    _set(response, SESSION_COOKIE, token, UNUSED)


def clear_session_cookie(response: Response) -> None:
    _set(response, SESSION_COOKIE, "", timedelta())


def asked_token() -> str | None:
    """The mark of a browser that has asked for a sign-in mail within the last hour."""
    return _read(ASKED_COOKIE)


def set_asked_cookie(response: Response, token: str) -> None:
    _set(response, ASKED_COOKIE, token, ASKED_LIFETIME)


def clear_asked_cookie(response: Response) -> None:
    _set(response, ASKED_COOKIE, "", timedelta())


def require_safe_transport() -> None:
    """Raises Invalid where a browser would not store the cookies: without TLS, except on loopback."""
    if not request.is_secure and not is_loopback(urlsplit(f"//{request.host}").hostname or ""):
        raise Invalid(
            "Signing in needs a secure connection. Open this page with https:// instead. If there is no such "
            "address yet, ask the operator of this installation to set one up."
        )


def _name(plain: str) -> str:
    return f"__Host-{plain}" if request.is_secure else plain


def _read(plain: str) -> str | None:
    value = request.cookies.get(_name(plain), "")
    return value if is_token(value) else None


def _set(response: Response, plain: str, value: str, lifetime: timedelta) -> None:
    response.set_cookie(
        _name(plain),
        value,
        max_age=lifetime,
        path="/",
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
