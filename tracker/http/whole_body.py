"""Reads the complete request body before the application runs, or rejects the request.

Flask would pass on a chunked body that was cut at its limit (see raw_body), and a view that reads the body
would occupy its request slot (see request_slots) while the client stalls. The body is passed on with a
Content-Length, so that later readers find an ordinary body.
"""

import io
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from flask import Flask, request

from tracker.errors import LinkledgerError
from tracker.http.raw_body import read_body, refuse_encodings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_REFUSAL = "linkledger.body_refusal"


class BodyBuffer:
    """Middleware that reads the body. `limits_bytes`: path prefix -> size limit; the first match applies."""

    def __init__(self, app: "WSGIApplication", limits_bytes: Mapping[str, int]) -> None:
        self._app = app
        self._limits_bytes = dict(limits_bytes)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        body = b""
        try:
            refuse_encodings(environ)
            body = read_body(environ, self._limit_bytes(environ.get("PATH_INFO", "")))
        except LinkledgerError as refusal:
            environ[_REFUSAL] = refusal
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        return self._app(environ, start_response)

    def _limit_bytes(self, path: str) -> int:
        return next(limit for prefix, limit in self._limits_bytes.items() if path.startswith(prefix))


def install_body_reader(app: Flask, limits_bytes: Mapping[str, int]) -> None:
    """Install BodyBuffer for the whole application. The last prefix in `limits_bytes` must be ""."""
    app.before_request(_refuse)
    app.wsgi_app = BodyBuffer(app.wsgi_app, limits_bytes)  # type: ignore[method-assign]


def _refuse() -> None:
    """Raise the refusal inside the application, so that its error handlers render it."""
    refusal = request.environ.get(_REFUSAL)
    if refusal is not None:
        raise refusal
