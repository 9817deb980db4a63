"""The outcome of one try to move money at the rail, and when it is conclusive.

The rules follow Stripe's page on idempotent requests (docs.stripe.com/api/idempotent_requests) and the errors
that its SDK raises. The SDK's exceptions are mapped in the client module.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from payouts.transfers.stripe.shapes import StripeTransfer

Kind = Literal["paid", "failed", "not_executed", "unknown", "conflict"]
"""paid: done. failed: refused permanently under this key. not_executed: this try did nothing.
unknown: it may have been done. conflict: the provider has another request under our key; a person must check.
"""

_MESSAGES: Mapping[str, str] = {
    "balance_insufficient": "The balance at the payment provider does not cover the amount. "
    "Add funds, then retry.",
    "insufficient_capabilities_for_transfer": "The creator's account cannot receive transfers yet. "
    "The creator has to finish the set-up at the payment provider.",
    "resource_missing": "The payment provider does not know the account or transfer that was named.",
    "account_closed": "The creator's account at the payment provider is closed.",
    "no_answer": "No answer came from the payment provider, so the money may or may not have moved.",
    "unreadable_answer": "The payment provider's answer could not be read, "
    "so the money may or may not have moved.",
    "server_error": "The payment provider had an internal error, so the money may or may not have moved.",
    "in_progress": "An earlier try with the same key is still being worked on at the payment provider.",
    "rate_limited": "The payment provider is limiting requests; this try did nothing. It can be repeated.",
    "unauthorized": "The payment provider did not accept the API key; this try did nothing. Check the key.",
    "forbidden": "The API key may not do this at the payment provider; this try did nothing. "
    "Check its rights.",
    "idempotency_error": "The payment provider holds other parameters under the same key. "
    "Nothing is sent again until a person has compared both sides.",
    "answer_mismatch": "The payment provider's answer names another amount, currency or account "
    "than was sent. Nothing is sent again until a person has compared both sides.",
    "unexpected": "Something unforeseen happened during the call, so the money may or may not have moved.",
}

_EMAIL = re.compile(r"[^\s@'\"<>]+@[^\s@'\"<>]+")
_KEY = re.compile(r"\b(?:sk|rk|pk|whsec)_\w+")
_MAX_MESSAGE_CHARS = 300


@dataclass(frozen=True)
class Outcome:
    """The result of one try.

    transfer_ref: the rail's id of the created object, if any. code: the rail's error code, or one of ours.
    message: one or two sentences for a person. replayed: the rail repeated a stored response. http_status:
    None when there was no response.
    """

    kind: Kind
    transfer_ref: str | None = None
    code: str | None = None
    message: str = ""
    replayed: bool = False
    http_status: int | None = None


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
        return outcome_with_message(
            "unknown", "unreadable_answer", replayed=replayed, http_status=http_status
        )
    compared = [name for name in ("amount", "currency", "destination", "transfer") if name in sent]
    if any(str(made.get(name)).lower() != str(sent[name]).lower() for name in compared):
        mismatch = outcome_with_message(
            "conflict", "answer_mismatch", replayed=replayed, http_status=http_status
        )
        return replace(mismatch, transfer_ref=str(made["id"]))
    return Outcome("paid", transfer_ref=str(made["id"]), replayed=replayed, http_status=http_status)


def outcome_with_message(
    kind: Kind,
    word: str,
    *,
    code: str | None = None,
    detail: str | None = None,
    replayed: bool = False,
    http_status: int | None = None,
) -> Outcome:
    """An outcome with a message for a person.

    word: our code, which also selects the message. The rail's code replaces it as the outcome's code, and in
    a refusal also for the message.
    """
    message = message_for(code or word, detail) if kind == "failed" else message_for(word)
    return Outcome(kind, None, code or word, message, replayed, http_status)


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


def message_for(code: str, detail: str | None = None) -> str:
    """A message for a person: ours for a known code, else the rail's own, without addresses and keys."""
    known = _MESSAGES.get(code)
    if known is not None:
        return known
    return f"The payment provider refused: {scrubbed(detail)}" if detail else f"Refused with code {code!r}."


def scrubbed(text: str) -> str:
    """`text` in one line of bounded length, without e-mail addresses and API keys."""
    plain = _KEY.sub("[key]", _EMAIL.sub("[address]", " ".join(text.split())))
    return plain if len(plain) <= _MAX_MESSAGE_CHARS else plain[: _MAX_MESSAGE_CHARS - 1] + "…"


ABSENT = "not_found_yet"


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
            return Outcome("paid", transfer_ref=transfer.transfer_ref, message="Found at the provider.")
    if found:
        ref = found[0].transfer_ref
        return Outcome(
            "conflict",
            code="answer_mismatch",
            message=f"The payment provider has {ref} for this payout, with other contents than were sent; "
            f"look there. To book it as paid to its creator, run: linkledger payout adopt {ref} --brand ID",
        )
    return Outcome(
        "unknown",
        code=ABSENT,
        message="The payment provider shows no such transfer. When you are sure that none was made, run: "
        "linkledger payout retry PAYOUT --nothing-was-sent",
    )
