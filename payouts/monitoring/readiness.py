"""Readiness, for whatever watches this installation."""

from datetime import UTC, datetime, timedelta
from typing import cast

from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy.exc import SQLAlchemyError

from config.database import read_session
from config.schema import SchemaMismatch, require_current_schema
from payouts.jobs.heartbeat import is_alive, last_heartbeat
from tracker.http.site import site
from tracker.people.access.guards import public
from tracker.times import format_utc

blueprint = Blueprint("jobs", __name__)

SCHEMA_CHECK_INTERVAL = timedelta(minutes=1)
"""The endpoint is public, and the check reads every migration."""

_SCHEMA_CHECKED_AT = "linkledger-schema-checked-at"


@blueprint.get("/readyz")
@public("says whether the databases answer and when jobs last ran, and nothing else")
def readyz() -> tuple[Response, int]:
    now = datetime.now(UTC)
    try:
        _require_current_schema(now)
        with read_session(site().databases.main) as session:
            heartbeat_at = last_heartbeat(session, now)
    except (SQLAlchemyError, SchemaMismatch) as error:
        return jsonify(status="not ready", reason=type(error).__name__), 503
    state = "running" if is_alive(heartbeat_at, now) else "silent"
    return jsonify(
        status="ready",
        scheduler={"state": state, "last_run_at": format_utc(heartbeat_at) if heartbeat_at else None},
    ), 200


def _require_current_schema(now: datetime) -> None:
    """Once in a while for all who ask; what was not right the last time is looked at again at once."""
    checked_at = cast(datetime | None, current_app.extensions.get(_SCHEMA_CHECKED_AT))
    if checked_at is not None and timedelta() <= now - checked_at < SCHEMA_CHECK_INTERVAL:
        return
    require_current_schema(site().databases)
    current_app.extensions[_SCHEMA_CHECKED_AT] = now
