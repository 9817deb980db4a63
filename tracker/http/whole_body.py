"""Reads the complete request body before the application runs, or rejects the request.

Flask would hand on a chunked body that was cut at its limit (see raw_body), and a view that reads would hold
its turn (see turns) while its client stalls. What was read is given on with its length, so that every later
reader finds a body of the ordinary kind.
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
    """`limits_bytes` names the most that is taken by the beginning of a path; the first that fits counts."""

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
        return next(limit for start, limit in self._limits_bytes.items() if path.startswith(start))


def install_body_reader(app: Flask, limits_bytes: Mapping[str, int]) -> None:
    """For the whole application. `limits_bytes` ends with an entry that fits every path."""
    app.before_request(_refuse)
    app.wsgi_app = BodyBuffer(app.wsgi_app, limits_bytes)  # type: ignore[method-assign]


def _refuse() -> None:
    """Inside the application, so that a refusal looks like every other answer."""
    refusal = request.environ.get(_REFUSAL)
    if refusal is not None:
        raise refusal
