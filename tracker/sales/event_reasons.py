"""Why a message is parked, in conflict or dismissed, or why nothing of it was counted: the codes.

Codes are stored with events, so a code and the names of its parameters never change (docs/decisions/0079 and
0083). Their words are in `tracker/sales/event_texts.py`. A kind of shop declares the codes that only it needs
(`Kind.reasons`).
"""

from enum import StrEnum


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

    # Applied; the message changes nothing. Codes that only one kind of shop needs are in its own folder.
    NAMES_NO_KNOWN_ORDER = "names_no_known_order"
    TOPIC_IGNORED = "topic_ignored"
    EVENT_TYPE_IGNORED = "event_type_ignored"
    NOTHING_PAID = "nothing_paid"


REPETITIONS = frozenset({EventReason.ALREADY_BOOKED, EventReason.ALREADY_CANCELLED})
"""Reasons of an applied message that repeats what is booked."""
