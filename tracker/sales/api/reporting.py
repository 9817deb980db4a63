"""Reports of a brand's own programs: stored and applied like any message, or refused at once.

A webhook gets the status 200 even for an invalid message, which is parked for a person. Here the sender reads
the response, so a report that can never be booked is refused and not stored. A report that waits for its
sale, or that failed because of an internal error, is stored and accepted.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tracker.audit.actors import Actor
from tracker.errors import Conflict, Invalid, NotNow
from tracker.sales.event_reasons import REPETITIONS
from tracker.sales.inbox.apply_or_park import RESULT_COLUMNS, ReceiveResult, receive_arrival, stored_result
from tracker.sales.inbox.models import Event
from tracker.sales.inbox.pending import parsed_arrival
from tracker.sales.integrations import api, postback
from tracker.sales.reports.messages import Message, Unreadable
from tracker.sales.reports.provider_reports import AnyReport
from tracker.sales.sources.models import Source
from tracker.sales.sources.operations import API, ensure_api_source

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True)
class Report:
    """`topic` is the type of the report or postback.TOPIC. Each `external_id` is applied exactly once."""

    topic: str
    external_id: str
    body: bytes
    is_retryable: bool = False
    """The sender gave an Idempotency-Key, so every repetition gets the same response."""


@dataclass(frozen=True)
class AcceptedReport:
    """`outcome` is booked, known (no amount changed), waiting or dismissed; `replayed`: received before."""

    event_id: str
    outcome: str
    reason: str | None
    replayed: bool
    reason_code: str | None = None
    reason_parameters: Mapping[str, Any] | None = None


def api_report(topic: str, body: bytes, idempotency_key: str | None) -> Report:
    """A report that was posted to the API. Raises Invalid for a malformed Idempotency-Key.

    Without a key, a report is identified by its bytes. The order's id would not be enough, because the same
    sale may be sent again with new evidence. Amounts are safe either way: rows are unique by the ids of
    order, refund and dispute.
    """
    if idempotency_key is None:
        return Report(topic, f"body:{_digest(topic.encode(), body)}", body)
    # The IETF draft of this header requires quotes (a string by RFC 8941); most clients send none.
    bare = idempotency_key.strip().removeprefix('"').removesuffix('"')
    if not _IDEMPOTENCY_KEY.fullmatch(bare):
        raise Invalid(
            "Idempotency-Key must have 1 to 200 visible ASCII characters, such as a UUID.", "Idempotency-Key"
        )
    return Report(topic, f"key:{bare}", body, is_retryable=True)


def postback_report(pairs: Sequence[tuple[str, str]]) -> Report:
    """A report from the parameters of a postback. Raises Invalid."""
    body, about = postback.stored_body(pairs), postback.natural_key(pairs)
    return Report(postback.TOPIC, f"{postback.TOPIC}:{_digest(about.encode())}", body)


def accept_report(
    session: Session, now: datetime, brand_id: str, report: Report, *, keys: Sequence[str], actor: Actor
) -> AcceptedReport:
    """Store the report and apply it. After an error the caller must roll back, so that nothing is stored.

    Raises Invalid for an invalid report (Unreadable when it is not JSON) and for an Idempotency-Key that was
    used for another report; Conflict when the report contradicts a booked row; Gone when the API source was
    deleted.
    """
    try:
        message, reports = _read_valid(report, now)
    except Invalid:
        if (known := _find_received(session, brand_id, report)) is None:
            raise
        return _accepted(known, report)
    source = ensure_api_source(session, now, brand_id, keys, actor=actor)
    arrival = parsed_arrival(
        now, source, report.external_id, report.body, message, reports, topic=report.topic
    )
    received = receive_arrival(session, arrival, keys)
    if received.state == "conflict" or not _has_topic(session, received, report.topic):
        raise _reused_key_error(report)
    if received.error is not None and not isinstance(received.error, NotNow):
        raise received.error
    return _accepted(received, report)


def _read_valid(report: Report, now: datetime) -> tuple[Message, tuple[AnyReport, ...]]:
    """Validates before anything is written. The error names the field, which the inbox does not store."""
    try:
        message = api.read(report.body, report.topic)
    except Invalid as error:
        raise Unreadable(str(error)) from None
    return message, api.translate(message, now)


def _find_received(session: Session, brand_id: str, report: Report) -> ReceiveResult | None:
    """The stored result of a report that is no longer valid, if these bytes were accepted by former rules."""
    query = select(*RESULT_COLUMNS).join(Source, Source.id == Event.source_id)
    found = session.execute(
        query.where(
            Source.brand_id == brand_id,
            Source.kind == API,
            Source.deleted_at.is_(None),
            Event.external_id == report.external_id,
            Event.body_hash == _digest(report.body),
            Event.topic == report.topic,
        )
    ).one_or_none()
    return None if found is None else stored_result(found)


def _accepted(received: ReceiveResult, report: Report) -> AcceptedReport:
    return AcceptedReport(
        received.event_id,
        _outcome(received, report),
        received.reason,
        received.duplicate,
        received.reason_code,
        received.reason_parameters,
    )


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\n".join(parts)).hexdigest()


def _has_topic(session: Session, received: ReceiveResult, topic: str) -> bool:
    """The inbox compares only the content; the same body can be posted to two paths of the API."""
    if not received.duplicate:
        return True
    return session.scalar(select(Event.topic).where(Event.id == received.event_id)) == topic


def _outcome(received: ReceiveResult, report: Report) -> str:
    if received.state != "applied":
        return "dismissed" if received.state == "dismissed" else "waiting"
    is_repeated = received.duplicate and not report.is_retryable
    return "known" if is_repeated or _repeats_booked(received) else "booked"


def _repeats_booked(received: ReceiveResult) -> bool:
    """An applied event that is older than the codes has a reason only when it repeated what was booked."""
    if received.reason is not None and received.reason_code is None:
        return True
    return received.reason_code in REPETITIONS


def _reused_key_error(report: Report) -> Conflict | Invalid:
    if report.topic == postback.TOPIC:
        return Conflict("A different postback about this was received before. Nothing was changed.")
    return Invalid(
        "This Idempotency-Key was used for another report before. Nothing was changed; use a new key for "
        "each report.",
        "Idempotency-Key",
    )
