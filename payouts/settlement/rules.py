"""The date on which a movement at the rail counts in the books. Pure."""

from datetime import datetime


def counted_at(at_rail: datetime | None, *, earliest: datetime, now: datetime) -> datetime:
    """The rail's own date, never before `earliest` and never after `now`; `now` when it is not known.

    The rail counts in whole seconds, so its date may be a little earlier than what led to the movement.
    """
    return now if at_rail is None else min(max(at_rail, earliest), now)
