"""The front page, health for machines, and the static files of all pages."""

from flask import Response, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from tracker.http.access import public
from tracker.http.site import site
from tracker.ui import components
from tracker.ui.assets import find_asset
from tracker.ui.blueprint import blueprint

__all__ = ["blueprint", "components"]

MAX_AGE_S = 3600
IMMUTABLE = "public, max-age=31536000, immutable"
"""For an address that contains the hash of its content (RFC 8246)."""


@blueprint.get("/")
@public("describes the product and shows no personal data")
def front() -> AnyResponse | str:
    if site().settings.demo:
        return redirect(url_for("demo.index"))
    return render_template("ui/front.html")


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
