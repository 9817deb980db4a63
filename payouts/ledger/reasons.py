"""Why a person booked something: the code of manual bookings, and their words. Pure."""

from enum import StrEnum

from tracker.reasons import ReasonTexts


class BookingReason(StrEnum):
    MANUAL = "manual"
    """A person's own words."""


BOOKING_TEXTS = ReasonTexts(BookingReason, {BookingReason.MANUAL: "{words}"})
