"""Why a sale is credited to a creator or to nobody, and why each candidate won or lost. Pure.

A decision of rules 3 is stored with codes; its words may be improved at any time. The words of rules 1 and 2
are frozen, because their decisions are stored in words and replayed word for word.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypedDict

from tracker.reasons import Reason, ReasonTexts, Text


class AttributionReason(StrEnum):
    """The parameter `code` is the spelling of a coupon, `model` is last or first."""

    # Of a decision, and of the coupon or binding that won.
    NO_CANDIDATE = "no_candidate"
    NO_CANDIDATE_AND_NOT_BOUND = "no_candidate_and_not_bound"
    CLICK_DECIDES = "click_decides"
    """`model`, and `age_s` of the click at the sale; negative for a click after it."""
    COUPON_DECIDES_ALWAYS = "coupon_decides_always"
    COUPON_DECIDES_OWNER_CLICKED = "coupon_decides_owner_clicked"
    COUPON_DECIDES_OWNER_CLICKED_ELSEWHERE = "coupon_decides_owner_clicked_elsewhere"
    """The owner's eligible click belongs to another of their enrollments."""
    COUPON_DECIDES_UNCONTESTED = "coupon_decides_uncontested"
    BINDING_DECIDES = "binding_decides"
    """`order_id` and `at` (ISO, UTC) of the order that bound the customer; `months`, null without an end."""

    # Of candidates that the others decide.
    CREDITED_CLICK = "credited_click"
    SUPPORTING_CLICK = "supporting_click"
    OTHER_CLICK_DECIDES = "other_click_decides"
    CLICK_TAKES_PRECEDENCE = "click_takes_precedence"
    COUPON_TAKES_PRECEDENCE = "coupon_takes_precedence"
    LATER_COUPON = "later_coupon"
    COUPONS_IGNORED = "coupons_ignored"
    COUPON_OWNER_NOT_INVOLVED = "coupon_owner_not_involved"

    # Flaws, which rule a candidate out by itself.
    TOKEN_UNREADABLE = "token_unreadable"
    LINK_UNKNOWN = "link_unknown"
    LINK_OF_OTHER_BRAND = "link_of_other_brand"
    CLICK_NOT_BY_PERSON = "click_not_by_person"
    CLICK_AFTER_SALE = "click_after_sale"
    CLICK_OUTSIDE_WINDOW = "click_outside_window"
    COUPON_WITHOUT_OWNER = "coupon_without_owner"
    COUPON_NOT_YET_OWNED = "coupon_not_yet_owned"
    COUPON_ENDED = "coupon_ended"
    FIRST_SALE_ONLY = "first_sale_only"
    BINDING_EXPIRED = "binding_expired"
    CREATOR_LEFT = "creator_left"
    CREATOR_REMOVED = "creator_removed"
    STORED_WORDS = "stored_words"
    """A flaw that rules 1 or 2 stored as a sentence; `words` is that sentence."""


class Flaw(TypedDict):
    """Why a click, coupon or binding cannot count, as it is stored in inputs: an AttributionReason."""

    code: str
    parameters: dict[str, Any]


def flaw_of(code: AttributionReason, **parameters: Any) -> Flaw:
    return Flaw(code=code.value, parameters=parameters)


def reason_of(flaw: Flaw) -> Reason:
    """Raises ValueError for a code of a newer version."""
    return Reason(AttributionReason(flaw["code"]), flaw["parameters"])


def _click_decides(given: Mapping[str, Any]) -> str:
    return f"The {given['model']} eligible click decides, {_duration(given['age_s'])} before the sale."


def _other_click_decides(given: Mapping[str, Any]) -> str:
    return f"Another eligible click is {'later' if given['model'] == 'last' else 'earlier'}."


def _former_window(given: Mapping[str, Any]) -> str:
    age = _duration(given["age_s"])
    return f"The click is {age} older than the sale; the window is {given['window_days']} days."


def _window(given: Mapping[str, Any]) -> str:
    age, window = _duration(given["age_s"]), _counted(given["window_days"], "day")
    return f"The click is {age} older than the sale; the window is {window}."


def _former_binding(given: Mapping[str, Any]) -> str:
    length = "ever" if given["months"] is None else _counted(given["months"], "month")
    return (
        "The known customer decides: neither a click nor a code does, "
        f"and {_order(given)} bound him for {length}."
    )


def _binding(given: Mapping[str, Any]) -> str:
    length = "forever" if given["months"] is None else f"for {_counted(given['months'], 'month')}"
    return (
        "The known customer decides: neither a click nor a code does, "
        f"and {_order(given)} bound the customer {length}."
    )


def _former_expired_binding(given: Mapping[str, Any]) -> str:
    length = _counted(given["months"], "month")
    return f"The customer was bound by {_order(given)} for {length}, and that was over."


def _expired_binding(given: Mapping[str, Any]) -> str:
    length = _counted(given["months"], "month")
    return f"The customer was bound by {_order(given)} for {length}, which had ended when the sale was made."


def _order(given: Mapping[str, Any]) -> str:
    return f"order {given['order_id']} of {given['at'][:10]}"


def _duration(seconds: int) -> str:
    """For people, rounded down: 3 days, 5 hours, 12 minutes. No less than 0 minutes."""
    minutes = max(seconds // 60, 0)
    for unit, size in (("day", 1440), ("hour", 60)):
        if minutes >= size:
            return _counted(minutes // size, unit)
    return _counted(minutes, "minute")


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}{'s' if number != 1 else ''}"


_NO_CANDIDATE = "No eligible click and no code of a creator came with the sale"
_FORMER_TEXTS: dict[AttributionReason, Text] = {
    AttributionReason.NO_CANDIDATE: f"{_NO_CANDIDATE}.",
    AttributionReason.NO_CANDIDATE_AND_NOT_BOUND: (
        f"{_NO_CANDIDATE}, and no creator is bound to the customer."
    ),
    AttributionReason.CLICK_DECIDES: _click_decides,
    AttributionReason.COUPON_DECIDES_ALWAYS: "The code {code} decides: the brand's coupon policy is always.",
    AttributionReason.COUPON_DECIDES_OWNER_CLICKED: (
        "The code {code} decides: its owner also has an eligible click."
    ),
    AttributionReason.COUPON_DECIDES_OWNER_CLICKED_ELSEWHERE: (
        "The code {code} decides: no other creator is involved."
    ),
    AttributionReason.COUPON_DECIDES_UNCONTESTED: "The code {code} decides: no other creator is involved.",
    AttributionReason.BINDING_DECIDES: _former_binding,
    AttributionReason.CREDITED_CLICK: "It is the {model} eligible click.",
    AttributionReason.SUPPORTING_CLICK: "The same creator's code decides; this click shows the way.",
    AttributionReason.OTHER_CLICK_DECIDES: _other_click_decides,
    AttributionReason.CLICK_TAKES_PRECEDENCE: "A click decides.",
    AttributionReason.COUPON_TAKES_PRECEDENCE: "The code {code} decides.",
    AttributionReason.LATER_COUPON: "Another code of a creator was listed before it.",
    AttributionReason.COUPONS_IGNORED: "The brand's coupon policy is never: codes are ignored.",
    AttributionReason.COUPON_OWNER_NOT_INVOLVED: (
        "The brand's coupon policy is if_involved: its owner has no eligible click, and somebody else has."
    ),
    AttributionReason.TOKEN_UNREADABLE: "The token was not made here, or was altered.",
    AttributionReason.LINK_UNKNOWN: "The link of the click does not exist.",
    AttributionReason.LINK_OF_OTHER_BRAND: "The click led to another brand's link.",
    AttributionReason.CLICK_NOT_BY_PERSON: "The click does not count as a person's.",
    AttributionReason.CLICK_AFTER_SALE: (
        "The click came more than {tolerance_minutes} minutes after the sale."
    ),
    AttributionReason.CLICK_OUTSIDE_WINDOW: _former_window,
    AttributionReason.COUPON_WITHOUT_OWNER: "No creator owns this code.",
    AttributionReason.COUPON_NOT_YET_OWNED: (
        "The code did not belong to its creator yet when the sale was made."
    ),
    AttributionReason.COUPON_ENDED: "The code had ended when the sale was made.",
    AttributionReason.FIRST_SALE_ONLY: "The brand binds customers for their first sale only.",
    AttributionReason.BINDING_EXPIRED: _former_expired_binding,
    AttributionReason.CREATOR_LEFT: "Its creator had left the program when the sale was made.",
    AttributionReason.CREATOR_REMOVED: "Its creator had been removed for cause when the sale was made.",
    AttributionReason.STORED_WORDS: "{words}",
}
"""The words of rules 1 and 2. Never change them; a new sentence goes into TEXTS."""

TEXTS = ReasonTexts(
    AttributionReason,
    {
        **_FORMER_TEXTS,
        AttributionReason.COUPON_DECIDES_OWNER_CLICKED_ELSEWHERE: (
            "The code {code} decides: its owner also has an eligible click, in another program."
        ),
        AttributionReason.BINDING_DECIDES: _binding,
        AttributionReason.CLICK_OUTSIDE_WINDOW: _window,
        AttributionReason.BINDING_EXPIRED: _expired_binding,
    },
)
FORMER_TEXTS = ReasonTexts(AttributionReason, _FORMER_TEXTS)
