"""The outcome of one try to move money at the rail, and when it is conclusive.

The rules follow Stripe's page on idempotent requests (docs.stripe.com/api/idempotent_requests) and the errors
that its SDK raises. The SDK's exceptions are mapped in the client module.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from payouts.settlement.reasons import PAYOUT_TEXTS, PayoutReason
from payouts.transfers.stripe.shapes import RailError, StripeTransfer
from tracker.reasons import Reason

Kind = Literal["paid", "failed", "not_executed", "unknown", "conflict"]
"""paid: done. failed: refused permanently under this key. not_executed: this try did nothing.
unknown: it may have been done. conflict: the provider has another request under our key; a person must check.
"""

_KNOWN_CODES: Mapping[str, PayoutReason] = {
    code.value: code
    for code in (
        PayoutReason.BALANCE_INSUFFICIENT,
        PayoutReason.CAPABILITIES_MISSING,
        PayoutReason.RESOURCE_MISSING,
        PayoutReason.ACCOUNT_CLOSED,
        PayoutReason.NO_ANSWER,
        PayoutReason.UNREADABLE_ANSWER,
        PayoutReason.SERVER_ERROR,
        PayoutReason.IN_PROGRESS,
        PayoutReason.RATE_LIMITED,
        PayoutReason.UNAUTHORIZED,
        PayoutReason.FORBIDDEN,
        PayoutReason.IDEMPOTENCY_ERROR,
        PayoutReason.ANSWER_MISMATCH,
        PayoutReason.UNEXPECTED,
    )
}
"""The rail's codes, and ours, for which we have words of our own."""

_EMAIL = re.compile(r"[^\s@'\"<>]+@[^\s@'\"<>]+")
_KEY = re.compile(r"\b(?:sk|rk|pk|whsec)_\w+")
_MAX_MESSAGE_CHARS = 300


@dataclass(frozen=True)
class Outcome:
    """The result of one try.

    transfer_ref: the rail's id of the created object, if any. code: the rail's error code, or one of ours.
    reason: why, if the try did not plainly succeed. replayed: the rail repeated a stored response.
    http_status: None when there was no response. made_at: the rail's date of the object, if it is known.
    """

    kind: Kind
    transfer_ref: str | None = None
    code: str | None = None
    reason: Reason | None = None
    replayed: bool = False
    http_status: int | None = None
    made_at: datetime | None = None

    @property
    def message(self) -> str:
        """The reason in one or two sentences; empty without one."""
        return "" if self.reason is None else PAYOUT_TEXTS.words(self.reason)


def is_conclusive(outcome: Outcome, *, after_unknown: bool) -> bool:
    """True when it is certain, for all tries under this key, whether the money moved.

    after_unknown: an earlier try with the same key ended unknown. Then only a success or a replayed response
    is about that try; a new refusal, 401, 403 or 429 is only about the last try. A replayed 500 stays
    unknown, because it does not say how far the work came: the transfer is only looked up after it.
    """
    if outcome.kind == "paid":
        return True
    if outcome.kind == "failed":
        return outcome.replayed or not after_unknown
    return outcome.kind == "not_executed" and not after_unknown


def outcome_of_response(
    made: Mapping[str, Any], what: str, sent: Mapping[str, Any], *, replayed: bool, http_status: int | None
) -> Outcome:
    """Outcome of a 2xx response: paid only if the object in it matches the request.

    made: the object in the response. what: its type as Stripe names it, "transfer" or "transfer_reversal".
    sent: the parameters of the request.
    """
    if made.get("object") != what or not made.get("id"):
        return outcome_with_reason("unknown", "unreadable_answer", replayed=replayed, http_status=http_status)
    compared = [name for name in ("amount", "currency", "destination", "transfer") if name in sent]
    if any(str(made.get(name)).lower() != str(sent[name]).lower() for name in compared):
        mismatch = outcome_with_reason(
            "conflict", "answer_mismatch", replayed=replayed, http_status=http_status
        )
        return replace(mismatch, transfer_ref=str(made["id"]))
    return Outcome(
        "paid",
        transfer_ref=str(made["id"]),
        replayed=replayed,
        http_status=http_status,
        made_at=_date_of(made),
    )


def _date_of(made: Mapping[str, Any]) -> datetime | None:
    """When the rail made the object; None when its response does not say it in seconds since 1970."""
    created = made.get("created")
    return datetime.fromtimestamp(created, UTC) if isinstance(created, int) else None


def outcome_with_reason(
    kind: Kind,
    word: str,
    *,
    code: str | None = None,
    detail: str | None = None,
    replayed: bool = False,
    http_status: int | None = None,
) -> Outcome:
    """An outcome with a reason.

    word: our code, which also selects the reason. The rail's code replaces it as the outcome's code, and in a
    refusal also for the reason.
    """
    reason = reason_for(code or word, detail) if kind == "failed" else reason_for(word)
    return Outcome(kind, None, code or word, reason, replayed, http_status)


def code_and_detail(body: object) -> tuple[str | None, str | None]:
    """Code and message of an error's JSON body. The SDK's own `code` is empty on five of its classes."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return None, None
    return error.get("code"), error.get("message")


def was_replayed(headers: Mapping[str, str] | None) -> bool:
    """Whether the rail repeated a stored response."""
    return any(
        name.lower() == "idempotent-replayed" and value.lower() == "true"
        for name, value in (headers or {}).items()
    )


def reason_for(code: str, detail: str | None = None) -> Reason:
    """The reason for a known code; for another one, the rail's own words without addresses and keys."""
    known = _KNOWN_CODES.get(code)
    if known is not None:
        return Reason(known)
    if detail:
        return Reason(PayoutReason.REFUSED_WITH_PROVIDER_WORDS, {"code": code, "words": scrubbed(detail)})
    return Reason(PayoutReason.REFUSED, {"code": code})


def scrubbed(text: str) -> str:
    """`text` in one line of bounded length, without e-mail addresses and API keys."""
    plain = _KEY.sub("[key]", _EMAIL.sub("[address]", " ".join(text.split())))
    return plain if len(plain) <= _MAX_MESSAGE_CHARS else plain[: _MAX_MESSAGE_CHARS - 1] + "…"


ABSENT = "not_found_yet"


def rail_error(http_status: int | None, body: object) -> RailError:
    """The error of a call that moves no money. `http_status` and `body` are None without a response."""
    code, detail = code_and_detail(body)
    if http_status is None:
        reason = Reason(PayoutReason.PROVIDER_UNREACHABLE)
    elif http_status in (401, 403):
        reason = Reason(PayoutReason.PROVIDER_REFUSED_KEY)
    else:
        answer = {"status": http_status, "words": scrubbed(detail or "no reason given")}
        reason = Reason(PayoutReason.PROVIDER_ANSWERED, answer)
    return RailError(reason, code, http_status)


def is_transfer_of(parameters: Mapping[str, Any], transfer: StripeTransfer) -> bool:
    """Whether a transfer was made by an attempt with these parameters."""
    metadata = parameters["metadata"]
    return (
        transfer.metadata.get("payout_id") == metadata["payout_id"]
        and transfer.metadata.get("attempt") == metadata["attempt"]
        and transfer.amount == parameters["amount"]
        and transfer.currency == str(parameters["currency"]).upper()
        and transfer.destination == parameters["destination"]
    )


def outcome_of_lookup(parameters: Mapping[str, Any], found: Sequence[StripeTransfer]) -> Outcome:
    """Paid when a transfer matches the parameters that were sent; conflict when only others were found;
    unknown when there was none.

    found: the payout's transfers that are not adopted. That none was found is no proof, because the rail may
    list a transfer late; then a person decides.
    """
    for transfer in found:
        if is_transfer_of(parameters, transfer):
            return Outcome(
                "paid",
                transfer_ref=transfer.transfer_ref,
                reason=Reason(PayoutReason.FOUND_AT_PROVIDER),
                made_at=transfer.created_at,
            )
    if found:
        reason = Reason(PayoutReason.OTHER_TRANSFER_FOUND, {"transfer": found[0].transfer_ref})
        return Outcome("conflict", code="answer_mismatch", reason=reason)
    return Outcome("unknown", code=ABSENT, reason=Reason(PayoutReason.NOT_FOUND_YET))
