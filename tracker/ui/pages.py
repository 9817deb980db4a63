"""The front page, health for machines, and the one stylesheet."""

from flask import Blueprint, Response, jsonify, redirect, render_template, send_from_directory, url_for
from werkzeug.wrappers import Response as AnyResponse

from tracker.http.access import public
from tracker.http.site import site

blueprint = Blueprint("ui", __name__, template_folder="templates")

STATIC = "static"
CACHE_MAX_AGE_S = 3600


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
def static(name: str) -> AnyResponse:
    return send_from_directory(f"{blueprint.root_path}/{STATIC}", name, max_age=CACHE_MAX_AGE_S)
