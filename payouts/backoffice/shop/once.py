"""A secret is shown once: on the page after it was generated, in the browser that asked for it.

The cookie names the source only; the secret is read from the database.
"""

from hashlib import sha256

from flask import Response, request
from itsdangerous import BadData, TimestampSigner

from tracker.http.site import Site, site

NAME = "linkledger-new-source"
MAX_AGE_S = 300
_SALT = "linkledger.new-source.1"


def show_next(response: Response, source_id: str) -> None:
    """The next page of this source shows its secret."""
    response.set_cookie(
        NAME,
        site().part(_signer).sign(source_id).decode(),
        max_age=MAX_AGE_S,
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )


def is_to_be_shown(source_id: str) -> bool:
    """Whether this page shows the secret of the source."""
    try:
        named = site().part(_signer).unsign(request.cookies.get(NAME, ""), max_age=MAX_AGE_S)
    except BadData:
        return False
    return bool(named == source_id.encode())


def forget(response: Response) -> None:
    response.delete_cookie(NAME, secure=request.is_secure, httponly=True, samesite="Lax")


def _signer(here: Site) -> TimestampSigner:
    keys = [key.encode() for key in reversed(here.settings.secret_keys)]
    return TimestampSigner(keys, salt=_SALT, key_derivation="hmac", digest_method=sha256)
