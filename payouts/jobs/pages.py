"""Readiness, for whatever watches this installation."""

from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, jsonify
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from config.database import reading
from config.migrate import SchemaMismatch, require_current_schema
from payouts.jobs.models import JobRun
from tracker.people.access import public
from tracker.site import site
from tracker.times import utc_text

blueprint = Blueprint("jobs", __name__)

SILENT_AFTER = timedelta(minutes=5)
"""Some job is due every minute."""


@blueprint.get("/readyz")
@public("says whether the databases answer and when jobs last ran, and nothing else")
def readyz() -> tuple[Response, int]:
    databases = site().databases
    try:
        require_current_schema(databases)
        with reading(databases.main) as session:
            last_run_at = session.scalar(select(func.max(JobRun.started_at)))
    except (SQLAlchemyError, SchemaMismatch) as error:
        return jsonify(status="not ready", reason=type(error).__name__), 503
    now = datetime.now(UTC)
    return jsonify(
        status="ready",
        scheduler={
            "state": "running" if last_run_at and now - last_run_at < SILENT_AFTER else "silent",
            "last_run_at": utc_text(last_run_at) if last_run_at else None,
        },
    ), 200
