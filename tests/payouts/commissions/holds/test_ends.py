"""When holds end, and by how much a person may extend a review hold."""

from datetime import datetime, timedelta

import pytest

from payouts.commissions.holds.ends import (
    asked_from,
    asked_until,
    checked_extension,
    decided_until,
    latest_end,
)
from payouts.commissions.models import PlacedBy
from tests.cast.books import at
from tracker.errors import Conflict, Invalid

DAY = timedelta(days=1)
PLACED = at("10-05")
ENDS = at("11-30")


@pytest.mark.parametrize(
    ("placed_by", "release_at", "days"),
    [
        (PlacedBy.PERSON, PLACED - DAY, 60),
        (PlacedBy.PERSON, PLACED + 20 * DAY, 80),
        (PlacedBy.RULE, PLACED + 20 * DAY, 80),
        (PlacedBy.CARRIED_OVER, PLACED + 20 * DAY, 80),
        (PlacedBy.EVENT, PLACED + 20 * DAY, 30),
        (PlacedBy.REMOVAL, PLACED + 20 * DAY, 30),
    ],
)
def test_each_kind_of_hold_has_its_latest_end(placed_by: PlacedBy, release_at: datetime, days: int) -> None:
    assert latest_end(placed_by, PLACED, release_at, "UTC") == PLACED + days * DAY


def test_a_dispute_has_no_end_until_its_provider_was_asked() -> None:
    assert latest_end(PlacedBy.DISPUTE, PLACED, PLACED, "UTC") is None
    assert asked_from(PLACED, "UTC") == PLACED + 120 * DAY
    assert asked_until(PLACED, "UTC") == PLACED + 130 * DAY
    assert decided_until(ENDS, "UTC") == ENDS + 30 * DAY


def test_a_review_hold_is_extended_once_by_up_to_thirty_days() -> None:
    latest = ENDS + 30 * DAY
    assert checked_extension(PlacedBy.PERSON, ENDS, latest, PLACED, "UTC", extended=False) == latest
    with pytest.raises(Conflict, match="extended before"):
        checked_extension(PlacedBy.PERSON, latest, latest + DAY, PLACED, "UTC", extended=True)


@pytest.mark.parametrize("until", [ENDS, ENDS - DAY, PLACED - DAY, ENDS + 30 * DAY + timedelta(seconds=1)])
def test_an_extension_ends_later_than_the_hold_but_not_too_late(until: datetime) -> None:
    with pytest.raises(Invalid, match="extend it to a later time until 2026-12-30T12:00:00Z"):
        checked_extension(PlacedBy.PERSON, ENDS, until, PLACED, "UTC", extended=False)


def test_a_hold_that_has_ended_cannot_be_extended() -> None:
    with pytest.raises(Conflict, match="no longer"):
        checked_extension(PlacedBy.PERSON, ENDS, ENDS + DAY, ENDS, "UTC", extended=False)


@pytest.mark.parametrize("placed_by", [PlacedBy.DISPUTE, PlacedBy.EVENT, PlacedBy.REMOVAL])
def test_only_a_review_hold_can_be_extended(placed_by: PlacedBy) -> None:
    with pytest.raises(Conflict, match="Only a review hold"):
        checked_extension(placed_by, ENDS, ENDS + DAY, PLACED, "UTC", extended=False)


def test_days_are_calendar_days_in_the_brands_zone() -> None:
    """Berlin puts the clocks back on 25 October: the end comes at the same wall-clock time."""
    end = latest_end(PlacedBy.EVENT, PLACED, PLACED, "Europe/Berlin")
    assert end == at("11-04 13:00")
