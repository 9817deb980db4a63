"""Why a commission was changed or is held: codes of its entries and holds, and their words. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from functools import partial
from typing import Any

from tracker.programs.reasons import REMOVAL_TEXTS
from tracker.reasons import Reason, ReasonTexts
from tracker.sales.attribution.reasons import TEXTS as ATTRIBUTION_TEXTS
from tracker.sales.suspicion.reasons import SUSPICION_TEXTS


class CommissionReason(StrEnum):
    """The reasons of commission entries and of holds. An entry that holds again has that of the hold."""

    CREDITED = "credited"
    NEW_EVIDENCE = "new_evidence"
    REFUNDED = "refunded"
    REFUND_WITH_SHOP_WORDS = "refund_with_shop_words"
    REFUND_FAILED = "refund_failed"
    CUMULATIVE_REFUND = "cumulative_refund"
    ORDER_CANCELLED = "order_cancelled"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"
    AFTER_TAKE_BACK = "after_take_back"
    """A refund or lost dispute after the time in which the program takes back."""
    DECLINE_UNDONE = "decline_undone"
    AFTER_DECLINE_UNDONE = "after_decline_undone"
    CREDIT_MOVED = "credit_moved"
    RELEASE_DATE = "release_date"
    RELEASE_AFTER_HOLD = "release_after_hold"
    CREDIT_KEPT = "credit_kept"
    CREDIT_KEPT_WITH_NOTE = "credit_kept_with_note"

    DISPUTE_OPEN = "dispute_open"
    MESSAGE_WAITS = "message_waits"
    COST_MISSING = "cost_missing"
    SUSPICION = "suspicion"
    DECLINED_BEFORE = "declined_before"
    EVIDENCE_CAME = "evidence_came"
    """Why the hold of a suspicion was lifted by a rule."""
    HOLD_ENDED = "hold_ended"
    """Why a hold was lifted by its end."""
    REMOVED = "removed"
    """The creator was removed for cause; `removal` has the columns of that reason."""

    CANCELLED = "cancelled"
    RETURNED = "returned"
    PAYMENT_FAILED = "payment_failed"
    BREACH = "breach"
    DUPLICATE = "duplicate"
    SELF_PURCHASE = "self_purchase"
    UNDER_REVIEW = "under_review"
    OTHER = "other"

    PAY_DATE_AFTER_HOLD = "pay_date_after_hold"
    """Why an expected pay date moved: a hold, or its extension, lasts longer than the line would wait."""
    PAY_DATE_AFTER_LIFT = "pay_date_after_lift"

    EARLIER_WORDS = "earlier_words"
    """The words of a row that is older than the codes, stored again with a newer row."""


DECISIONS: Mapping[CommissionReason, str] = {
    CommissionReason.CANCELLED: "the order was cancelled",
    CommissionReason.RETURNED: "the goods came back",
    CommissionReason.PAYMENT_FAILED: "the shopper's payment failed",
    CommissionReason.BREACH: "the program's terms were broken",
    CommissionReason.DUPLICATE: "the order was reported twice",
    CommissionReason.SELF_PURCHASE: "the creator bought through their own link",
    CommissionReason.UNDER_REVIEW: "the brand is looking into it",
    CommissionReason.OTHER: "another reason, see the note",
}
"""What a person can give as the reason to hold or decline a commission."""


def decision_reason(code: CommissionReason, note: str) -> Reason:
    """The reason of a person's decision; the note may be empty."""
    return Reason(code, {"note": note} if note else {})


def suspicion_reason(found: Reason) -> Reason:
    """The reason of a hold, from that of the suspicion."""
    return Reason(CommissionReason.SUSPICION, {"suspicion": SUSPICION_TEXTS.columns(found)})


def _evidence_words(parameters: Mapping[str, Any]) -> str:
    return ATTRIBUTION_TEXTS.shown_columns(parameters["evidence"])


def _suspicion_words(parameters: Mapping[str, Any]) -> str:
    return SUSPICION_TEXTS.shown_columns(parameters["suspicion"])


def _declined_words(parameters: Mapping[str, Any]) -> str:
    words = COMMISSION_TEXTS.shown_columns(parameters["decision"])
    return f"the sale was declined before new evidence came: {words}"


def _after_take_back_words(parameters: Mapping[str, Any]) -> str:
    words = COMMISSION_TEXTS.shown_columns(parameters["event"])
    return f"{words}; the time in which the program takes back is over, so nothing changes"


def _removal_words(parameters: Mapping[str, Any]) -> str:
    return f"removed for cause: {REMOVAL_TEXTS.shown_columns(parameters['removal'])}"


def _decision_words(code: CommissionReason, parameters: Mapping[str, Any]) -> str:
    return f"{code.value}: {parameters.get('note') or DECISIONS[code]}"


COMMISSION_TEXTS = ReasonTexts(
    CommissionReason,
    {
        CommissionReason.CREDITED: _evidence_words,
        CommissionReason.NEW_EVIDENCE: lambda parameters: f"new evidence: {_evidence_words(parameters)}",
        CommissionReason.REFUNDED: "refunded by the shop",
        CommissionReason.REFUND_WITH_SHOP_WORDS: "{words}",
        CommissionReason.REFUND_FAILED: "refund {refund} failed, the money went back to the shop",
        CommissionReason.CUMULATIVE_REFUND: "refunds of {payment} came to {amount[minor]}",
        CommissionReason.ORDER_CANCELLED: "order cancelled by the shop",
        CommissionReason.DISPUTE_OPENED: "payment dispute opened",
        CommissionReason.DISPUTE_WON: "payment dispute won",
        CommissionReason.DISPUTE_LOST: "payment dispute lost",
        CommissionReason.AFTER_TAKE_BACK: _after_take_back_words,
        CommissionReason.DECLINE_UNDONE: "the brand took its decision back",
        CommissionReason.AFTER_DECLINE_UNDONE: "what the shop reported while the commission was declined",
        CommissionReason.CREDIT_MOVED: lambda parameters: (
            f"the brand moved the credit: {_evidence_words(parameters)}"
        ),
        CommissionReason.RELEASE_DATE: "the hold is over",
        CommissionReason.RELEASE_AFTER_HOLD: "the hold is over and what held it is settled",
        CommissionReason.CREDIT_KEPT: "the brand leaves the credit as it is",
        CommissionReason.CREDIT_KEPT_WITH_NOTE: "{note}",
        CommissionReason.DISPUTE_OPEN: "payment dispute {dispute} is open",
        CommissionReason.MESSAGE_WAITS: "a message about this order waits for a decision: {event}",
        CommissionReason.COST_MISSING: "the program pays on profit, but the shop did not send the cost",
        CommissionReason.SUSPICION: _suspicion_words,
        CommissionReason.DECLINED_BEFORE: _declined_words,
        CommissionReason.EVIDENCE_CAME: "new evidence came with the sale",
        CommissionReason.HOLD_ENDED: "nobody decided within the time: the hold ended",
        CommissionReason.REMOVED: _removal_words,
        **{code: partial(_decision_words, code) for code in DECISIONS},
        CommissionReason.PAY_DATE_AFTER_HOLD: "held at most until {until}",
        CommissionReason.PAY_DATE_AFTER_LIFT: "what held it was lifted",
        CommissionReason.EARLIER_WORDS: "{words}",
    },
)
