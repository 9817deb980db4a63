"""Why a message is parked, in conflict or dismissed, or why nothing of it was counted: codes and their words.

Pure. A new code needs only a text here. Codes are stored with events, so a code and the names of its
parameters never change (docs/decisions/0079 and 0083).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from tracker.money import Money
from tracker.reasons import Reason, ReasonTexts


class EventReason(StrEnum):
    """Amounts in parameters are {"minor", "currency"}, times ISO 8601, and ids those of the shop or ours."""

    # It waits for another report.
    WAITING_FOR_ORDER = "waiting_for_order"
    REFUND_NOT_REPORTED = "refund_not_reported"

    # A person must decide.
    SEVERAL_ORDERS = "several_orders"
    CURRENCY_DIFFERS = "currency_differs"
    DATED_BEFORE_BRAND = "dated_before_brand"
    SALE_DIFFERS = "sale_differs"
    REFUND_DIFFERS = "refund_differs"
    DISPUTE_DIFFERS = "dispute_differs"
    ID_USED_BEFORE = "id_used_before"
    INVALID_FIELD = "invalid_field"
    INVALID_MESSAGE = "invalid_message"
    REFUSED = "refused"
    INTERNAL_ERROR = "internal_error"

    # A person has decided.
    DISMISSED = "dismissed"

    # Applied; no amount was counted.
    ALREADY_BOOKED = "already_booked"
    ALREADY_CANCELLED = "already_cancelled"
    REFUND_FAILURE_KNOWN = "refund_failure_known"
    CUMULATIVE_REFUND_KNOWN = "cumulative_refund_known"
    NEW_EVIDENCE = "new_evidence"
    NO_NEW_EVIDENCE = "no_new_evidence"
    TOTAL_DIFFERS = "total_differs"
    REFUND_NOT_COUNTED = "refund_not_counted"
    OTHER_MODE = "other_mode"
    SEVERAL_REASONS = "several_reasons"

    # Applied; the message changes nothing. NO_EFFECT has the words of a kind of shop that uses no code.
    NO_EFFECT = "no_effect"
    NAMES_NO_KNOWN_ORDER = "names_no_known_order"
    TOPIC_IGNORED = "topic_ignored"
    EVENT_TYPE_IGNORED = "event_type_ignored"
    NOTHING_PAID = "nothing_paid"
    NOT_PAID = "not_paid"
    NOT_PAID_YET = "not_paid_yet"
    NEVER_PAID = "never_paid"
    STATUS_NOT_PAID = "status_not_paid"
    FINANCIAL_STATUS_NOT_PAID = "financial_status_not_paid"
    PAID_ELSEWHERE = "paid_elsewhere"
    NOTHING_REFUNDED = "nothing_refunded"
    NO_MONEY_RETURNED = "no_money_returned"
    SESSION_SELLS_NOTHING = "session_sells_nothing"
    NO_SUBSCRIPTION_INVOICE = "no_subscription_invoice"
    NO_INVOICE_YET = "no_invoice_yet"
    ORDER_STATUS = "order_status"
    INVOICE_STATUS = "invoice_status"
    REPORTED_BY_ORDER = "reported_by_order"
    NO_REFUND = "no_refund"


REPETITIONS = frozenset({EventReason.ALREADY_BOOKED, EventReason.ALREADY_CANCELLED})
"""Reasons of an applied message that repeats what is booked."""

Parameters = Mapping[str, Any]


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


def dismissed(
    words: str, former_words: str, former_code: str | None, former_parameters: Parameters | None
) -> Reason:
    """The reason of an event that a person dismissed with these words; the former one stays readable."""
    before = {"stored_words": former_words, "code": former_code, "parameters": former_parameters}
    return Reason(EventReason.DISMISSED, {"words": words, "before": before})


def stored_reason(words: str | None, code: str | None, parameters: Parameters | None) -> dict[str, Any]:
    """The reason of a stored event for people and for programs: the same fields in every JSON value.

    All are None when it has no reason. (An older version that applies an event removes only the words.)
    """
    if words is None:
        return {"reason": None, "reason_code": None, "reason_parameters": None}
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
        EventReason.NO_EFFECT: "{words}",
        EventReason.NAMES_NO_KNOWN_ORDER: (
            "it names no order and no payment that the other source could know"
        ),
        EventReason.TOPIC_IGNORED: "nothing is done for messages of topic {topic}",
        EventReason.EVENT_TYPE_IGNORED: "nothing is done for events of type {type}",
        EventReason.NOTHING_PAID: "nothing was paid",
        EventReason.NOT_PAID: "it was not paid",
        EventReason.NOT_PAID_YET: (
            "not paid yet; checkout.session.async_payment_succeeded will say when it is"
        ),
        EventReason.NEVER_PAID: "the order was never paid",
        EventReason.STATUS_NOT_PAID: "the order is {status}, and was not paid",
        EventReason.FINANCIAL_STATUS_NOT_PAID: "the order's financial_status says that it is not paid",
        EventReason.PAID_ELSEWHERE: "the invoice was paid outside Stripe",
        EventReason.NOTHING_REFUNDED: "nothing of the charge is refunded",
        EventReason.NO_MONEY_RETURNED: "no money went back with it",
        EventReason.SESSION_SELLS_NOTHING: (
            "a session that is neither a payment nor a subscription sells nothing"
        ),
        EventReason.NO_SUBSCRIPTION_INVOICE: (
            "an invoice of no subscription; what Checkout sells comes with its session"
        ),
        EventReason.ORDER_STATUS: "the order is {status}",
        EventReason.INVOICE_STATUS: "the invoice is {status}",
        EventReason.REPORTED_BY_ORDER: "the first payment of a subscription is reported by its order",
        EventReason.NO_REFUND: "nothing of it is refunded",
        EventReason.NO_INVOICE_YET: ("the subscription has no invoice yet; each paid invoice will be a sale"),
    },
)
