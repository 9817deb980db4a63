"""The words of every reason of an event: of the common codes, and of those that kinds of shops declare.

Pure. No other module renders such a reason. A common code needs a text here; a kind hands over the texts of
its own codes (`Kind.reasons`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from tracker.errors import LinkledgerError
from tracker.money import Money
from tracker.reasons import Reason, ReasonTexts
from tracker.sales.event_reasons import EventReason
from tracker.sales.integrations.kinds import reasons_of_kinds

Parameters = Mapping[str, Any]
Error = TypeVar("Error", bound=LinkledgerError)


def combined(reasons: Sequence[Reason]) -> Reason | None:
    """One reason for a message with several reports, of which each may have its own; None without any.

    `SEVERAL_REASONS` has the parts in its parameters, as `ReasonTexts.shown` takes them. Parts with the same
    words are given once.
    """
    distinct = {TEXTS.words(each): each for each in reasons}
    if len(distinct) < 2:
        return next(iter(distinct.values()), None)
    parts = [
        {"stored_words": words, "code": each.code.value, "parameters": dict(each.parameters)}
        for words, each in distinct.items()
    ]
    return Reason(EventReason.SEVERAL_REASONS, {"reasons": parts})


def error_because(error: type[Error], reason: Reason, **details: str) -> Error:
    """The error with this reason, in words for its message. `details` are further arguments of its class."""
    return error(TEXTS.words(reason), reason=reason, **details)


def dismissed(
    words: str, former_words: str, former_code: str | None, former_parameters: Parameters | None
) -> Reason:
    """The reason of an event that a person dismissed with these words; the former one stays readable."""
    code, parameters = TEXTS.current(former_words, former_code, former_parameters)
    before = {"stored_words": former_words, "code": code, "parameters": parameters}
    return Reason(EventReason.DISMISSED, {"words": words, "before": before})


def stored_reason(words: str | None, code: str | None, parameters: Parameters | None) -> dict[str, Any]:
    """The reason of a stored event for people and for programs: the same fields in every JSON value.

    All are None when it has no reason. A code that does not give the words is that of an earlier state.
    """
    if words is None:
        return TEXTS.columns(None)
    code, parameters = TEXTS.current(words, code, parameters)
    return {
        "reason": TEXTS.shown(words, code, parameters),
        "reason_code": code,
        "reason_parameters": parameters,
    }


def _waiting_for_order(given: Parameters) -> str:
    names = " or ".join(given["names"])
    return f"waiting for order {names}" + (f" of {given['source']}" if given["source"] else "")


def _refund_not_reported(given: Parameters) -> str:
    return (
        f"{Money(**given['claimed'])} of order {given['order']} went back by this account, and "
        f"{Money(**given['reported'])} by {given['source']}, whose reports count. This waits for the other's "
        "report; if none comes, report the refund by hand, or dismiss this event"
    )


def _several_orders(given: Parameters) -> str:
    return (
        f"{given['name']} belongs to several orders, {', '.join(given['orders'])}. Report it by hand for the "
        "right one, then dismiss this event"
    )


def _sale_differs(given: Parameters) -> str:
    found = ", ".join(_difference(**each) for each in given["differences"])
    return f"Order {given['order']} is booked already by {given['event']}, and differs: {found}."


def _difference(field: str, **values: Any) -> str:
    """`values` are the reported and the booked one; of lines and other parts only that they differ."""
    if not values:
        return field
    reported, booked = values["reported"], values["booked"]
    if field == "occurred_at":
        reported, booked = datetime.fromisoformat(reported), datetime.fromisoformat(booked)
    return f"{field} is {reported}, booked is {booked}"


def _already_booked(given: Parameters) -> str:
    evidence = f"; its new evidence made attribution {given['revision']}" if given["revision"] else ""
    return f"already booked by {given['event']}{evidence}"


def _total_differs(given: Parameters) -> str:
    return f"it says {Money(**given['reported'])}, and {Money(**given['primary'])} is what counts"


def _other_mode(given: Parameters) -> str:
    return f"order {given['order']} is {'a test' if given['order_is_test'] else 'live'}, and this is not"


def _dismissed(given: Parameters) -> str:
    return f"{TEXTS.shown(**given['before'])} [dismissed: {given['words']}]"


def _several_reasons(given: Parameters) -> str:
    return "; ".join(TEXTS.shown(**each) for each in given["reasons"])


TEXTS = ReasonTexts(
    EventReason,
    {
        EventReason.WAITING_FOR_ORDER: _waiting_for_order,
        EventReason.REFUND_NOT_REPORTED: _refund_not_reported,
        EventReason.SEVERAL_ORDERS: _several_orders,
        EventReason.CURRENCY_DIFFERS: (
            "data.currency is {currency}, but order {order} was paid in {order_currency}."
        ),
        EventReason.DATED_BEFORE_BRAND: (
            "Order {order} is dated {occurred_at}, more than {days} days before the brand was set up here "
            "({brand_since}): is the date right?"
        ),
        EventReason.SALE_DIFFERS: _sale_differs,
        EventReason.REFUND_DIFFERS: (
            "Refund {refund} of order {order} is booked already by {event}, with other content."
        ),
        EventReason.DISPUTE_DIFFERS: (
            "Dispute {dispute} ({status}) of order {order} is booked already by {event}, with other content."
        ),
        EventReason.ID_USED_BEFORE: (
            "The id was used before, by {event}, for another message. Nothing of this one was applied: "
            "replay it when it is genuine, or dismiss it, and give each message an id of its own."
        ),
        EventReason.INVALID_FIELD: "{words}",
        EventReason.INVALID_MESSAGE: "{words}",
        EventReason.REFUSED: "{words}",
        EventReason.INTERNAL_ERROR: "Linkledger failed on it ({error}); replay it after an upgrade.",
        EventReason.DISMISSED: _dismissed,
        EventReason.ALREADY_BOOKED: _already_booked,
        EventReason.ALREADY_CANCELLED: "already cancelled by {event}",
        EventReason.REFUND_FAILURE_KNOWN: "refund {refund} is known to have failed",
        EventReason.CUMULATIVE_REFUND_KNOWN: "known: {amount[minor]} of {payment} went back",
        EventReason.NEW_EVIDENCE: "its evidence made attribution {revision}",
        EventReason.NO_NEW_EVIDENCE: "no evidence that was not known",
        EventReason.TOTAL_DIFFERS: _total_differs,
        EventReason.REFUND_NOT_COUNTED: "not counted: refunds of order {order} are those of {source}",
        EventReason.OTHER_MODE: _other_mode,
        EventReason.SEVERAL_REASONS: _several_reasons,
        EventReason.NAMES_NO_KNOWN_ORDER: (
            "it names no order and no payment that the other source could know"
        ),
        EventReason.TOPIC_IGNORED: "nothing is done for messages of topic {topic}",
        EventReason.EVENT_TYPE_IGNORED: "nothing is done for events of type {type}",
        EventReason.NOTHING_PAID: "nothing was paid",
    },
    *reasons_of_kinds(),
)
