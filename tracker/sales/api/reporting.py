"""What a brand's own program reports: kept and applied like any message, or refused on the spot.

A shop's webhook is answered 200 whatever it says, and a person looks at what was parked. Here the sender
reads the answer: what can never be booked is told to him, and nothing of it is kept. Only what waits for its
sale, or failed by a fault of ours, is kept and taken.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from tracker.errors import Conflict, Invalid, NotNow
from tracker.sales.inbox.models import Event
from tracker.sales.inbox.operations import ReceiveResult, receive
from tracker.sales.integrations import api, postback
from tracker.sales.reports.messages import Unreadable
from tracker.sales.sources.operations import ensure_api_source

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True)
class Report:
    """`topic` is its type, or says that it is a postback; `external_id` is what it is applied once by."""

    topic: str
    external_id: str
    body: bytes
    is_retryable: bool = False
    """The sender gave it an id of his own, and is answered the same however often he sends it."""


@dataclass(frozen=True)
class AcceptedReport:
    """`outcome` is booked, known (it changed no amount), waiting, or dismissed; `replayed`: asked again."""

    event_id: str
    outcome: str
    reason: str | None
    replayed: bool


def api_report(topic: str, body: bytes, idempotency_key: str | None) -> Report:
    """Without a key of the sender's, the same bytes are the same report. Raises Invalid for the key.

    The order's id alone would not do: the same sale may come again with evidence that was not known before.
    Whatever comes, rows are unique by the ids of order, refund and dispute.
    """
    if idempotency_key is None:
        return Report(topic, f"body:{_digest(topic.encode(), body)}", body)
    # The draft of the header asks for quotes (a string by RFC 8941); most clients send none.
    bare = idempotency_key.strip().removeprefix('"').removesuffix('"')
    if not _IDEMPOTENCY_KEY.fullmatch(bare):
        raise Invalid(
            "Idempotency-Key must have 1 to 200 visible ASCII characters, such as a UUID.", "Idempotency-Key"
        )
    return Report(topic, f"key:{bare}", body, is_retryable=True)


def postback_report(pairs: Sequence[tuple[str, str]]) -> Report:
    """A postback of these names and values. Raises Invalid."""
    body = postback.kept(pairs)
    about = postback.natural_key(postback.read(body).data)
    return Report(postback.TOPIC, f"{postback.TOPIC}:{_digest(about.encode())}", body)


def accept_report(
    session: Session, now: datetime, brand_id: str, report: Report, *, keys: Sequence[str]
) -> AcceptedReport:
    """Keep the report and apply it, or raise: then the transaction is to be undone, and nothing is kept.

    Raises Invalid for what makes no sense (Unreadable where it is no JSON), and for an id that was used for
    another report; Conflict for what contradicts a booked row; Gone when the brand closed its API.
    """
    _require_valid(report, now)
    source = ensure_api_source(session, now, brand_id, keys)
    received = receive(session, now, source, report.external_id, report.body, keys=keys, topic=report.topic)
    if received.state == "conflict" or not _has_topic(session, received, report.topic):
        raise _reused_key_error(report)
    if received.error is not None and not isinstance(received.error, NotNow):
        raise received.error
    return AcceptedReport(received.event_id, _outcome(received, report), received.reason, received.duplicate)


def _require_valid(report: Report, now: datetime) -> None:
    """Before anything is written, and with the field that is wrong, which the inbox does not keep."""
    try:
        message = api.read(report.body, report.topic)
    except Invalid as flaw:
        raise Unreadable(str(flaw)) from None
    api.translate(message, now)


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\n".join(parts)).hexdigest()


def _has_topic(session: Session, received: ReceiveResult, topic: str) -> bool:
    """The inbox compares what is said; the same words can be posted to two addresses."""
    if not received.duplicate:
        return True
    return session.scalar(select(Event.topic).where(Event.id == received.event_id)) == topic


def _outcome(received: ReceiveResult, report: Report) -> str:
    if received.state != "applied":
        return "dismissed" if received.state == "dismissed" else "waiting"
    is_repeated = received.duplicate and not report.is_retryable
    return "known" if received.reason or is_repeated else "booked"


def _reused_key_error(report: Report) -> Conflict | Invalid:
    if report.topic == postback.TOPIC:
        return Conflict("A different postback about this was received before. Nothing was changed.")
    return Invalid(
        "This Idempotency-Key was used before, for another report. Nothing was changed; give each report a "
        "key of its own.",
        "Idempotency-Key",
    )
