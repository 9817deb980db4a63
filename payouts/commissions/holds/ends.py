"""When holds end: nothing holds a creator's money forever (docs/money.md 6). Pure.

Days are calendar days in the brand's zone: the same wall-clock time, some days later.
"""

from datetime import datetime
from enum import StrEnum

from payouts.commissions.models import PlacedBy
from payouts.ledger.calendar import days_later
from tracker.errors import Conflict, Invalid
from tracker.times import format_utc

REVIEW_DAYS = 60
"""After the later of the release date and the hold; a person may extend it once by EXTENSION_DAYS."""
EXTENSION_DAYS = 30
MESSAGE_DAYS = 30
REMOVAL_DAYS = 30
DISPUTE_DAYS = 120
"""Then the provider is asked, and a person decides within DISPUTE_DECISION_DAYS."""
DISPUTE_DECISION_DAYS = 30
ASKING_DAYS = 10
"""For how long a provider that does not respond is asked again, once a day."""


class AtTheEnd(StrEnum):
    """What happens when a hold has lasted as long as it may."""

    RELEASED = "released"
    """It is lifted: the commission is released when nothing else holds it."""
    PROVIDER_ASKED = "provider_asked"
    """The provider is asked about the dispute; a person decides within DISPUTE_DECISION_DAYS."""


def latest_end(
    placed_by: PlacedBy, placed_at: datetime, release_at: datetime, timezone: str
) -> datetime | None:
    """The latest end of a hold; None for a dispute, which ends with its decision."""
    if placed_by is PlacedBy.DISPUTE:
        return None
    if placed_by is PlacedBy.EVENT:
        return days_later(placed_at, MESSAGE_DAYS, timezone)
    if placed_by is PlacedBy.REMOVAL:
        return days_later(placed_at, REMOVAL_DAYS, timezone)
    return days_later(max(placed_at, release_at), REVIEW_DAYS, timezone)


def checked_extension(
    placed_by: PlacedBy,
    ends_at: datetime | None,
    until: datetime,
    now: datetime,
    timezone: str,
    *,
    extended: bool,
) -> datetime:
    """The new end of a review hold, which a person may extend once by up to EXTENSION_DAYS.

    Raises Conflict when the hold was extended before, has ended, or is not one that can be extended; Invalid
    when `until` is not later than its end, or too late.
    """
    if ends_at is None or placed_by in (PlacedBy.DISPUTE, PlacedBy.EVENT, PlacedBy.REMOVAL):
        raise Conflict("Only a review hold can be extended.")
    if extended:
        raise Conflict(f"The hold was extended before, until {format_utc(ends_at)}: it can be extended once.")
    if ends_at <= now:
        raise Conflict(f"The hold ended at {format_utc(ends_at)}; it can no longer be extended.")
    latest = days_later(ends_at, EXTENSION_DAYS, timezone)
    if not ends_at < until <= latest:
        raise Invalid(
            f"The hold ends at {format_utc(ends_at)}; extend it to a later time until {format_utc(latest)}."
        )
    return until


def asked_from(placed_at: datetime, timezone: str) -> datetime:
    """From when the provider is asked about a dispute without an end."""
    return days_later(placed_at, DISPUTE_DAYS, timezone)


def asked_until(placed_at: datetime, timezone: str) -> datetime:
    """From then on a provider that does not respond counts as one that cannot be asked."""
    return days_later(asked_from(placed_at, timezone), ASKING_DAYS, timezone)


def decided_until(asked_at: datetime, timezone: str) -> datetime:
    """Until when a person can decide about a dispute that its provider did not end."""
    return days_later(asked_at, DISPUTE_DECISION_DAYS, timezone)
