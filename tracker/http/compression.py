"""Compresses pages for clients that accept it. Static files are stored compressed (tracker/ui/assets.py).

Not for programs: the responses of the API are small. A proxy that compresses leaves a response alone that
has a Content-Encoding already.
"""

import gzip

from flask import Flask, Response, request

MIN_BYTES = 1024
LEVEL = 6


def install_compression(app: Flask) -> None:
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    if response.mimetype != "text/html" or response.direct_passthrough or response.is_streamed:
        return response
    response.vary.add("Accept-Encoding")
    is_plain = "Content-Encoding" not in response.headers and request.accept_encodings["gzip"] > 0
    if is_plain and len(response.data) >= MIN_BYTES:
        response.data = gzip.compress(response.data, LEVEL, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
    return response
