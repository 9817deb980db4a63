"""The readiness endpoint, for the monitoring of this installation."""

from datetime import UTC, datetime, timedelta
from typing import cast

from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy.exc import SQLAlchemyError

from config.database import read_session
from config.schema import SchemaMismatch, require_current_schema
from payouts.jobs.heartbeat import is_alive, last_heartbeat
from tracker.http.access import public
from tracker.http.site import site
from tracker.times import format_utc

blueprint = Blueprint("jobs", __name__)

SCHEMA_CHECK_INTERVAL = timedelta(minutes=1)
"""The endpoint is public, and the check reads every migration, so it is not repeated for each request."""

_SCHEMA_CHECKED_AT = "linkledger-schema-checked-at"


@blueprint.get("/readyz")
@public("shows only whether the databases respond and when jobs last ran")
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
    """Check at most once per interval; a check that failed is repeated with the next request."""
    checked_at = cast(datetime | None, current_app.extensions.get(_SCHEMA_CHECKED_AT))
    if checked_at is not None and timedelta() <= now - checked_at < SCHEMA_CHECK_INTERVAL:
        return
    require_current_schema(site().databases)
    current_app.extensions[_SCHEMA_CHECKED_AT] = now
