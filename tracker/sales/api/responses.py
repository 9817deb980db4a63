"""Accepts reports and makes their responses; shared by the API and the postback entry point."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import structlog
from flask import Response, jsonify

from config.database import transact
from tracker.audit.actors import Actor, ActorKind
from tracker.errors import Invalid, LinkledgerError
from tracker.http.site import site
from tracker.people.keys.operations import Caller
from tracker.sales.api.metrics import REPORTS
from tracker.sales.api.reporting import AcceptedReport, Report, accept_report

log = structlog.get_logger(__name__)

STATUS = {"booked": 201, "known": 200, "waiting": 202, "dismissed": 409}


@contextmanager
def log_refusals(caller: Caller, topic: str) -> Iterator[None]:
    """Log refused reports: they are not stored, and affiliate networks do not show our responses."""
    try:
        yield
    except LinkledgerError as error:
        REPORTS.labels("refused").inc()
        field = error.field if isinstance(error, Invalid) else None
        log.warning("report refused", key=caller.key_id, topic=topic, status=error.status, field=field)
        raise


def report_response(caller: Caller, report: Report) -> Response:
    """Accept the report in one transaction. Raises what `accept_report` raises; then nothing is stored."""
    now, keys = datetime.now(UTC), site().settings.secret_keys
    actor = Actor(ActorKind.KEY, "api report", caller.key_id)
    accepted = transact(
        site().databases.main,
        lambda session: accept_report(session, now, caller.brand_id, report, keys=keys, actor=actor),
    )
    REPORTS.labels(accepted.outcome).inc()
    response = (
        _dismissed_response(accepted) if accepted.outcome == "dismissed" else _accepted_response(accepted)
    )
    response.status_code = STATUS[accepted.outcome]
    if accepted.replayed and report.is_retryable:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def _accepted_response(accepted: AcceptedReport) -> Response:
    return jsonify(
        event=accepted.event_id,
        outcome=accepted.outcome,
        reason=accepted.reason,
        reason_code=accepted.reason_code,
        reason_parameters=accepted.reason_parameters,
    )


def _dismissed_response(accepted: AcceptedReport) -> Response:
    detail = f"This report was received before and dismissed by a person: {accepted.reason}"
    response = jsonify(title="Conflict", status=409, detail=detail, event=accepted.event_id)
    response.mimetype = "application/problem+json"
    return response
