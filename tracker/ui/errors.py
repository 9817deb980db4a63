"""Errors as answers, in one place: a page for people, JSON (RFC 9457) for programs."""

from http import HTTPStatus

import structlog
from flask import Flask, Response, jsonify, make_response, render_template, request
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from tracker.errors import Invalid, LinkledgerError
from tracker.http.safety import answers_programs

log = structlog.get_logger(__name__)

BUSY = "The database does not answer at the moment. Please try again in a few seconds."


def answer_errors(app: Flask) -> None:
    app.register_error_handler(LinkledgerError, _domain_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(OperationalError, _database_error)
    app.register_error_handler(Exception, _unforeseen)


def _domain_error(error: LinkledgerError) -> Response:
    response = _answer(error.status, str(error), error.field if isinstance(error, Invalid) else None)
    response.headers.update(error.headers())
    return response


def _http_error(error: HTTPException) -> Response:
    response = _answer(error.code or 500, error.description or error.name)
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def _database_error(error: OperationalError) -> Response:
    log.error("database unavailable", endpoint=request.endpoint, kind=type(error.orig).__name__)
    response = _answer(503, BUSY)
    response.headers["Retry-After"] = "5"
    return response


def _unforeseen(error: Exception) -> Response:
    log.error("view failed", endpoint=request.endpoint, exc_info=error)
    return _answer(500, "Something went wrong on our side. It is in the log of this installation.")


def _answer(status: int, detail: str, field: str | None = None) -> Response:
    if answers_programs(request.path):
        named = {} if field is None else {"field": field}
        response = jsonify(title=HTTPStatus(status).phrase, status=status, detail=detail, **named)
        response.status_code = status
        response.mimetype = "application/problem+json"
        return response
    return make_response(render_template("ui/error.html", status=status, detail=detail), status)
