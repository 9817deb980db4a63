"""The notice on the page after a redirect: "Held until 8 January", with its undo.

It travels in a signed cookie that lives for some minutes and is removed when a page shows it, so it needs
neither a session nor a table.
"""

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Literal, cast

from flask import Flask, Response, g, request
from itsdangerous import BadData, TimestampSigner

from tracker.http.site import Site, site

Tone = Literal["info", "ok", "warn", "bad"]

COOKIE = "notice"
MAX_AGE_S = 300
MAX_TEXT_LENGTH = 1000
_SALT = "linkledger.notice.1"


@dataclass(frozen=True)
class Notice:
    """`text` is translated already. `undo_url` takes a POST that undoes the act; `undo` is its label."""

    tone: Tone
    text: str
    undo_url: str | None = None
    undo: str | None = None


def notify(text: str, tone: Tone = "ok", *, undo_url: str | None = None, undo: str | None = None) -> None:
    """Show this on the next page. The last notice of a request counts."""
    g.next_notice = Notice(tone, text[:MAX_TEXT_LENGTH], undo_url, undo)


def shown_notice() -> Notice | None:
    """The notice for this page, once: the response removes it. For the layouts."""
    if "shown_notice" not in g:
        g.shown_notice = _read(request.cookies.get(COOKIE))
    return cast(Notice | None, g.shown_notice)


def install_notices(app: Flask) -> None:
    app.after_request(_write)


def _write(response: Response) -> Response:
    coming = cast(Notice | None, g.get("next_notice"))
    if coming is not None:
        response.set_cookie(
            COOKIE,
            site().part(_signer).sign(json.dumps(asdict(coming))).decode(),
            max_age=MAX_AGE_S,
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )
    elif "shown_notice" in g and COOKIE in request.cookies:
        response.delete_cookie(COOKIE, secure=request.is_secure, httponly=True, samesite="Lax")
    return response


def _read(cookie: str | None) -> Notice | None:
    """None for a cookie that is missing, old, or not ours."""
    if cookie is None:
        return None
    try:
        return Notice(**json.loads(site().part(_signer).unsign(cookie, max_age=MAX_AGE_S)))
    except BadData:
        return None


def _signer(here: Site) -> TimestampSigner:
    keys = [key.encode() for key in reversed(here.settings.secret_keys)]
    return TimestampSigner(keys, salt=_SALT, key_derivation="hmac", digest_method=sha256)
