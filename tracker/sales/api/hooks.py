"""The webhook entry point, which receives the signed messages of shops."""

from datetime import UTC, datetime

import structlog
from flask import Blueprint, Response, jsonify, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import ServiceUnavailable

from tracker.http.access import signed
from tracker.http.request_slots import REQUEST_SLOT
from tracker.http.site import Site, site
from tracker.sales.api.metrics import HOOK_MESSAGES, HOOKS_REFUSED
from tracker.sales.health.clocks import record_stale_refusal
from tracker.sales.inbox.apply_or_park import ReceiveResult
from tracker.sales.inbox.group_commit import GroupCommit
from tracker.sales.inbox.pending import new_arrival
from tracker.sales.integrations.kinds import kind_of
from tracker.sales.reports.messages import NotAuthentic, Stale
from tracker.sales.reports.strict_json import Body
from tracker.sales.sources.cache import CachedSource, SourceCache
from tracker.sales.sources.operations import SecretsChanged
from tracker.signing import CannotDecrypt

log = structlog.get_logger(__name__)
blueprint = Blueprint("sales", __name__)

RETRY_AFTER_S = 5


@blueprint.post("/hooks/<source_id>")
@signed("the raw body is signed with the secret of the source")
def receive_hook(source_id: str) -> Response:
    """Responds 200 even for parked messages, because shops disable a webhook that returns errors."""
    now = datetime.now(UTC)
    body = Body(request.get_data())  # some kinds verify by a part of its JSON
    try:
        received = _receive(source_id, body, now)
    except SQLAlchemyError as error:
        # The error text contains the query parameters and so the message.
        log.error("hook cannot reach the database", source=source_id, kind=type(error).__name__)
        raise ServiceUnavailable(
            "The database is unavailable. Nothing was stored; please send the message again.",
            retry_after=RETRY_AFTER_S,
        ) from None
    if received is None:
        return jsonify(state="greeted", reason="Nothing was stored. Orders must be signed.")
    HOOK_MESSAGES.labels("duplicate" if received.duplicate else received.state).inc()
    return _response(received)


def _sources(here: Site) -> SourceCache:
    return SourceCache(here.databases.main, here.settings.secret_keys)


def _group_commit(here: Site) -> GroupCommit:
    return GroupCommit(here.databases.main, here.settings.secret_keys)


def _receive(source_id: str, body: bytes, now: datetime) -> ReceiveResult | None:
    """None for a ping. A cached source may be outdated: then it is read and the message verified again."""
    known = site().part(_sources).cached(source_id)
    if known is not None:
        try:
            return _verify_and_receive(known, body, now)
        except (NotAuthentic, SecretsChanged):
            pass
    read = _load_source(source_id)
    try:
        return _verify_and_receive(read, body, now)
    except NotAuthentic as refusal:
        HOOKS_REFUSED.labels(refusal.cause).inc()
        log.warning("hook refused", source=source_id, cause=refusal.cause)
        if isinstance(refusal, Stale):
            record_stale_refusal(site().databases.main, read.source, now, refusal)
        raise
    except SecretsChanged:
        raise ServiceUnavailable(
            "The secrets of the source are being changed. Nothing was stored; please send the message again.",
            retry_after=RETRY_AFTER_S,
        ) from None


def _verify_and_receive(known: CachedSource, body: bytes, now: datetime) -> ReceiveResult | None:
    """None for a ping. Raises NotAuthentic or SecretsChanged; in both cases nothing was written."""
    kind, headers = kind_of(known.source.kind), dict(request.headers.items())
    if kind.is_ping(headers, body):
        return None
    external_id = kind.verify(headers, body, known.secrets, now)
    arrival = new_arrival(now, known.source, external_id, body, kind.topic(headers))
    return site().part(_group_commit).take(arrival, request.environ.get(REQUEST_SLOT))


def _load_source(source_id: str) -> CachedSource:
    """The sender is not authenticated yet, so errors about our keys go only to the log."""
    try:
        return site().part(_sources).read(source_id)
    except CannotDecrypt as error:
        log.error("hook cannot be checked", source=source_id, error=str(error))
        raise ServiceUnavailable(
            "Signatures cannot be checked now. Nothing was stored; please send the message again later.",
            retry_after=RETRY_AFTER_S,
        ) from None


def _response(received: ReceiveResult) -> Response:
    why = {"reason_code": received.reason_code, "reason_parameters": received.reason_parameters}
    response = jsonify(
        event=received.event_id,
        state=received.state,
        reason=received.reason,
        duplicate=received.duplicate,
        **why,
    )
    if received.state == "conflict":
        response = jsonify(
            status=409, detail=received.reason, event=received.event_id, state=received.state, **why
        )
        response.status_code = 409
        response.mimetype = "application/problem+json"
    return response
