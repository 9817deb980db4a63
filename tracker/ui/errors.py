"""Error handlers: an HTML page for browsers, problem+json (RFC 9457) for programs."""

from http import HTTPStatus

import structlog
from flask import Flask, Response, jsonify, make_response, render_template, request
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from tracker.errors import Invalid, LinkledgerError
from tracker.http.safety import is_machine_path
from tracker.language.texts import gettext as _
from tracker.language.texts import gettext_noop

log = structlog.get_logger(__name__)

DATABASE_BUSY = gettext_noop(
    "The database is not available at the moment. Please try again in a few seconds."
)
_SURPRISE = gettext_noop("Something went wrong on our side. The log of this installation has the details.")
_HEADINGS = {
    403: gettext_noop("You cannot do this"),
    404: gettext_noop("This page does not exist"),
    410: gettext_noop("This has ended"),
    429: gettext_noop("Too many tries"),
    503: gettext_noop("One moment, please"),
}
_OTHER = gettext_noop("That did not work")
_DETAILS = {
    400: gettext_noop("The browser sent something that cannot be read. Please go back and try it again."),
    403: gettext_noop("You are not allowed to do this here."),
    404: gettext_noop("There is nothing at this address. It may be mistyped, or what was here is gone."),
    405: gettext_noop(
        "This address cannot be opened like this. Please go back and use the buttons of the page."
    ),
    413: gettext_noop("That is too much at once. Please go back and send it in smaller parts."),
}
"""In place of what the framework writes about a status."""
CROSS_SITE = gettext_noop("This form was sent from another site.")
"""Written by tracker/http/safety.py, which knows no languages."""


def register_error_handlers(app: Flask) -> None:
    app.register_error_handler(LinkledgerError, _domain_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(OperationalError, _database_error)
    app.register_error_handler(Exception, _unexpected_error)


def _domain_error(error: LinkledgerError) -> Response:
    response = _error_response(error.status, str(error), error.field if isinstance(error, Invalid) else None)
    response.headers.update(error.headers())
    return response


def _http_error(error: HTTPException) -> Response:
    response = _error_response(error.code or 500, _http_detail(error))
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def _http_detail(error: HTTPException) -> str:
    """Programs get what the framework writes; people get a sentence in their language."""
    description = error.description or error.name
    if is_machine_path(request.path) or error.description != type(error).description:
        return _(description)
    code = error.code or 500
    return _(_DETAILS.get(code, _SURPRISE if code >= 500 else _DETAILS[400]))


def _database_error(error: OperationalError) -> Response:
    log.error("database unavailable", endpoint=request.endpoint, kind=type(error.orig).__name__)
    response = _error_response(503, _(DATABASE_BUSY))
    response.headers["Retry-After"] = "5"
    return response


def _unexpected_error(error: Exception) -> Response:
    log.error("view failed", endpoint=request.endpoint, exc_info=error)
    return _error_response(500, _(_SURPRISE))


def _error_response(status: int, detail: str, field: str | None = None) -> Response:
    if is_machine_path(request.path):
        named = {} if field is None else {"field": field}
        response = jsonify(title=HTTPStatus(status).phrase, status=status, detail=detail, **named)
        response.status_code = status
        response.mimetype = "application/problem+json"
        return response
    html = render_template(
        "ui/error.html", status=status, heading=_(_HEADINGS.get(status, _OTHER)), detail=detail
    )
    return make_response(html, status)
