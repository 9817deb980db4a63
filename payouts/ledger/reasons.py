"""Why a person booked something, and why a period is paid on another day: codes and their words. Pure."""

from enum import StrEnum

from tracker.reasons import ReasonTexts


class BookingReason(StrEnum):
    MANUAL = "manual"
    """A person's own words."""


BOOKING_TEXTS = ReasonTexts(BookingReason, {BookingReason.MANUAL: "{words}"})


class PayDayReason(StrEnum):
    """Why the pay day of a period moved."""

    RULES_CHANGED = "rules_changed"
    REVIEW_CHANGED = "review_changed"
    """Between the end of the period and its closing."""
    CLOSED_LATE = "closed_late"
    APPROVED_LATE = "approved_late"
    NOTICED_LATE = "noticed_late"


PAY_DAY_TEXTS = ReasonTexts(
    PayDayReason,
    {
        PayDayReason.RULES_CHANGED: "the brand changed its periods or its review",
        PayDayReason.REVIEW_CHANGED: "the brand changed its review to {days} days",
        PayDayReason.CLOSED_LATE: "the statement was made later than expected, on {closed_at}",
        PayDayReason.APPROVED_LATE: "the statement was approved later than expected, on {approved_at}",
        PayDayReason.NOTICED_LATE: "the notice about the statement was accepted on {noticed_at}",
    },
)
