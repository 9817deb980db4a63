"""What the API and the postback door do with a report, and what they answer: one truth for both."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import structlog
from flask import Response, jsonify

from config.database import transact
from tracker.errors import Invalid, LinkledgerError
from tracker.http.site import site
from tracker.people.keys.operations import Caller
from tracker.sales.api.metrics import REPORTS
from tracker.sales.api.reporting import Report, Taken, take

log = structlog.get_logger(__name__)

STATUS = {"booked": 201, "known": 200, "waiting": 202, "dismissed": 409}


@contextmanager
def refusals_noted(caller: Caller, topic: str) -> Iterator[None]:
    """Nothing of a refused report is kept, and networks show answers to nobody: the log has at least this."""
    try:
        yield
    except LinkledgerError as error:
        REPORTS.labels("refused").inc()
        field = error.field if isinstance(error, Invalid) else None
        log.warning("report refused", key=caller.key_id, topic=topic, status=error.status, field=field)
        raise


def answer_report(caller: Caller, report: Report) -> Response:
    """Take it in one transaction. Raises what `take` raises, and then nothing is kept."""
    now, keys = datetime.now(UTC), site().settings.secret_keys
    taken = transact(
        site().databases.main, lambda session: take(session, now, caller.brand_id, report, keys=keys)
    )
    REPORTS.labels(taken.outcome).inc()
    response = _dismissed(taken) if taken.outcome == "dismissed" else _told(taken)
    response.status_code = STATUS[taken.outcome]
    if taken.replayed and report.is_retryable:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def _told(taken: Taken) -> Response:
    return jsonify(event=taken.event_id, outcome=taken.outcome, reason=taken.reason)


def _dismissed(taken: Taken) -> Response:
    detail = f"It was here before, and a person has put it aside: {taken.reason}"
    response = jsonify(title="Conflict", status=409, detail=detail, event=taken.event_id)
    response.mimetype = "application/problem+json"
    return response
