"""When holds end: nothing holds a creator's money forever (docs/money.md 6). Pure."""

from datetime import datetime, timedelta

from payouts.commissions.models import PlacedBy

REVIEW_DAYS = 60
"""After the later of the release date and the hold; a person may extend it once by EXTENSION_DAYS."""
EXTENSION_DAYS = 30
MESSAGE_DAYS = 30
REMOVAL_DAYS = 30
DISPUTE_DAYS = 120
"""Then the provider is asked, and a person decides within DISPUTE_DECISION_DAYS."""
DISPUTE_DECISION_DAYS = 30


def latest_end(placed_by: PlacedBy, placed_at: datetime, release_at: datetime) -> datetime | None:
    """The latest end of a hold; None for a dispute, which ends with its decision."""
    if placed_by is PlacedBy.DISPUTE:
        return None
    if placed_by is PlacedBy.EVENT:
        return placed_at + timedelta(days=MESSAGE_DAYS)
    if placed_by is PlacedBy.REMOVAL:
        return placed_at + timedelta(days=REMOVAL_DAYS)
    return max(placed_at, release_at) + timedelta(days=REVIEW_DAYS)
