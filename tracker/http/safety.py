"""Security headers and CSRF protection for the whole application."""

from urllib.parse import urlsplit

from flask import Flask, Response, abort, request

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MACHINE_PATHS = ("/hooks/", "/api/", "/ll.js")
POSTBACK_PATH = "/postback"
"""Requests to these paths prove their sender by a signature, key or token, never by a cookie of a browser.

So they need no CSRF protection.
"""

PAGES_PATH = "/app/"
UNSUBSCRIBE_PATH = "/app/unsubscribe/"
"""Mail programs post to it for one-click unsubscribe (RFC 8058). The token in the path is the proof."""

_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_STRICT_TRANSPORT = "max-age=31536000"
"""For a year browsers use https alone for this host (RFC 6797); what other hosts do is not ours to say."""


def is_machine_path(path: str) -> bool:
    """Whether the callers of this path are programs, not people with a browser."""
    return path.startswith(MACHINE_PATHS) or path == POSTBACK_PATH


def add_security_hooks(app: Flask) -> None:
    app.before_request(_reject_nul)
    app.before_request(_reject_cross_site_posts)
    app.after_request(_add_headers)


def _reject_nul() -> None:
    """Reject addresses of pages with a NUL character: no database takes one. Forms leave it out."""
    if request.path.startswith(PAGES_PATH) and ("\0" in request.path or b"%00" in request.query_string):
        abort(400)


def _reject_cross_site_posts() -> None:
    """Reject form posts from other sites, by Fetch Metadata or, if that is missing, by the Origin header."""
    if request.method in SAFE_METHODS or is_machine_path(request.path):
        return
    if request.path.startswith(UNSUBSCRIBE_PATH):
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in ("same-origin", "none"):
            abort(403, "This form was sent from another site.")
        return
    origin = request.headers.get("Origin")
    if origin is not None and _host_of(origin) != request.host:
        abort(403, "This form was sent from another site.")


def _host_of(origin: str) -> str | None:
    """Host and port of an origin; None for what is none, such as `null` or http://[."""
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None


def _add_headers(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    if is_machine_path(request.path):
        response.headers.setdefault("Cache-Control", "no-store")
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", _CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Referrer-Policy", "same-origin")
    if request.is_secure and request.path.startswith(PAGES_PATH):
        response.headers.setdefault("Strict-Transport-Security", _STRICT_TRANSPORT)
    return response
