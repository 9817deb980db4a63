"""The hook door: shops post their signed messages here."""

from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from flask import Blueprint, Response, jsonify, request
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from werkzeug.exceptions import ServiceUnavailable

from config.database import reading, transact
from tracker.errors import Invalid, LinkledgerError, NotFound
from tracker.people.access import signed
from tracker.sales.inbox import Received, receive
from tracker.sales.messages import NotAuthentic
from tracker.sales.metrics import HOOK_MESSAGES, HOOKS_REFUSED
from tracker.sales.models import Source
from tracker.sales.operations import get_source, source_secrets
from tracker.sales.raw_body import read_body
from tracker.sales.sources import kind_of
from tracker.sales.strict_json import MAXIMUM_BYTES
from tracker.signing import CannotDecrypt
from tracker.site import site

log = structlog.get_logger(__name__)
blueprint = Blueprint("sales", __name__)

RETRY_AFTER_S = 5


class Gone(LinkledgerError):
    status = 410


@blueprint.post("/hooks/<source_id>")
@signed("the message carries a signature by the source's own secret, over its raw bytes")
def take_message(source_id: str) -> Response:
    """Answers 200 also for what is parked: a shop that is told of an error switches its hook off."""
    now = datetime.now(UTC)
    body = read_body(request.environ, MAXIMUM_BYTES)
    try:
        verified = _verified(source_id, body, now)
        if verified is None:
            return jsonify(state="greeted", reason="Nothing of it was kept; orders must be signed.")
        received = _receive(source_id, verified, body, now)
    except SQLAlchemyError as error:
        # Its text holds the parameters, and with them the message.
        log.error("hook cannot reach the database", source=source_id, kind=type(error).__name__)
        raise ServiceUnavailable(
            "The database does not answer. Nothing was kept; please send the message again.",
            retry_after=RETRY_AFTER_S,
        ) from None
    HOOK_MESSAGES.labels("duplicate" if received.duplicate else received.state).inc()
    return _answer(received)


@dataclass(frozen=True)
class _Verified:
    """The message's own id, and what it is about where the shop says so beside the body."""

    external_id: str
    topic: str | None


def _verified(source_id: str, body: bytes, now: datetime) -> _Verified | None:
    """None for a greeting. Raises NotAuthentic, NotFound or Gone; nothing was written then."""
    with reading(site().databases.main) as session:
        source = _open_source(session, source_id)
        secrets = _secrets(source)
        kind = kind_of(source.kind)
    headers = dict(request.headers.items())
    if kind.is_greeting(headers, body):
        return None
    try:
        return _Verified(kind.verify(headers, body, secrets, now), kind.topic(headers))
    except NotAuthentic as refusal:
        HOOKS_REFUSED.labels(refusal.cause).inc()
        log.warning("hook refused", source=source_id, cause=refusal.cause)
        raise


def _secrets(source: Source) -> list[str]:
    """Who sends messages is not known yet: what is wrong with our keys is told to the operator only."""
    try:
        return source_secrets(source, site().settings.secret_keys)
    except CannotDecrypt as error:
        log.error("hook cannot be checked", source=source.id, error=str(error))
        raise ServiceUnavailable(
            "Signatures cannot be checked at present. Nothing was kept; please send the message again later.",
            retry_after=RETRY_AFTER_S,
        ) from None


def _receive(source_id: str, verified: _Verified, body: bytes, now: datetime) -> Received:
    keys, topic = site().settings.secret_keys, verified.topic

    def work(session: Session) -> Received:
        source = _open_source(session, source_id)
        return receive(session, now, source, verified.external_id, body, keys=keys, topic=topic)

    return transact(site().databases.main, work)


def _open_source(session: Session, source_id: str) -> Source:
    try:
        source = get_source(session, source_id)
    except (Invalid, NotFound):
        raise NotFound("There is no such hook.") from None
    if source.deleted_at is not None:
        raise Gone("This source was deleted; its messages are no longer taken.")
    return source


def _answer(received: Received) -> Response:
    response = jsonify(
        event=received.event_id,
        state=received.state,
        reason=received.reason,
        duplicate=received.duplicate,
    )
    if received.state == "conflict":
        response = jsonify(status=409, detail=received.reason, event=received.event_id, state=received.state)
        response.status_code = 409
        response.mimetype = "application/problem+json"
    return response
