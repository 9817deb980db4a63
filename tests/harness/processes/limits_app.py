"""The complete application with extra views, which tests serve with gunicorn as `…limits_app:app()`."""

import hashlib
import os

from flask import Flask, Response, jsonify, request

from config.settings import load_settings
from wsgi import create_app

LARGE_BYTES = 16 * 1024 * 1024
"""More than fits into the buffers between two processes."""


def app() -> Flask:
    made = create_app(load_settings())
    downloads = Downloads()
    made.add_url_rule("/app/form", "form", _form, methods=["POST"])
    made.add_url_rule("/app/large", "large", downloads.begin)
    made.add_url_rule("/app/process", "process", downloads.status)
    return made


class Downloads:
    """A large response, and a count of the downloads that have ended, by the client or by the server."""

    def __init__(self) -> None:
        self._content = bytes(LARGE_BYTES)
        self._ended: list[None] = []

    def begin(self) -> Response:
        response = Response(self._content, mimetype="application/octet-stream")
        response.call_on_close(lambda: self._ended.append(None))
        return response

    def status(self) -> Response:
        return jsonify(process=os.getpid(), ended=len(self._ended))


def _form() -> Response:
    """Length and hash of the received form field, so that a test can check that it is complete."""
    note = request.form["note"].encode()
    return jsonify(bytes=len(note), sha256=hashlib.sha256(note).hexdigest())
