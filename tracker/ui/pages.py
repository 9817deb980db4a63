"""The front page, health for machines, and the one stylesheet."""

from flask import Blueprint, Response, jsonify, redirect, render_template, send_from_directory, url_for
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as AnyResponse

from config.database import reading
from config.migrate import SchemaMismatch, require_current_schema
from tracker.people.access import public
from tracker.site import site

blueprint = Blueprint("ui", __name__, template_folder="templates")

STATIC = "static"
KEPT_S = 3600


@blueprint.get("/")
@public("says what this is, and nothing about anybody")
def front() -> AnyResponse | str:
    if site().settings.demo:
        return redirect(url_for("demo.index"))
    return render_template("ui/front.html")


@blueprint.get("/healthz")
@public("says that the process answers, and nothing else")
def healthz() -> Response:
    return jsonify(status="ok")


@blueprint.get("/readyz")
@public("says whether the databases answer, and nothing else")
def readyz() -> tuple[Response, int]:
    databases = site().databases
    try:
        require_current_schema(databases)
        with reading(databases.main) as session:
            session.execute(text("select 1"))
    except (SQLAlchemyError, SchemaMismatch) as error:
        return jsonify(status="not ready", reason=type(error).__name__), 503
    return jsonify(status="ready"), 200


@blueprint.get("/static/<path:name>")
@public("style and scripts, the same for everybody")
def static(name: str) -> AnyResponse:
    return send_from_directory(f"{blueprint.root_path}/{STATIC}", name, max_age=KEPT_S)
