"""Health for machines, and the static files of all pages."""

from flask import Response, abort, jsonify, request

from tracker.http.access import public
from tracker.ui import components, manifest
from tracker.ui.assets import find_asset
from tracker.ui.blueprint import blueprint

__all__ = ["blueprint", "components", "manifest"]

MAX_AGE_S = 3600
IMMUTABLE = "public, max-age=31536000, immutable"
"""For an address that contains the hash of its content (RFC 8246)."""


@blueprint.get("/healthz")
@public("reports only that the process is running")
def healthz() -> Response:
    return jsonify(status="ok")


@blueprint.get("/static/<path:name>")
@public("styles and scripts, which are the same for every visitor")
def static(name: str) -> Response:
    found = find_asset(name)
    if found is None:
        abort(404)
    asset, is_present = found
    accepts_gzip = request.accept_encodings["gzip"] > 0 and asset.compressed is not None
    response = Response(asset.compressed if accepts_gzip else asset.body, mimetype=asset.mimetype)
    response.headers["Cache-Control"] = IMMUTABLE if is_present else f"public, max-age={MAX_AGE_S}"
    if asset.compressed is not None:
        response.headers["Vary"] = "Accept-Encoding"
    if accepts_gzip:
        response.headers["Content-Encoding"] = "gzip"
    response.set_etag(f"{asset.hash}-gzip" if accepts_gzip else asset.hash)
    response.make_conditional(request)
    return response
