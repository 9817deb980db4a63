"""The versions of a brand's cadence, time zone and review, and which of them counts when. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property


@dataclass(frozen=True)
class RulesVersion:
    """One version. Cadence and zone count from `effective_at` on, the rest from `created_at` on.

    `effective_at` is the start of a period where the version changes the calendar, and never before that of
    the version before.
    """

    version: int
    effective_at: datetime
    created_at: datetime
    cadence: str
    timezone: str
    review_days: int
    approve_without_notice: bool = False
    second_person_above_minor: int | None = None


@dataclass(frozen=True)
class Calendar:
    """A cadence in a time zone. `since`: where its first period starts; None for a brand's first calendar."""

    cadence: str
    timezone: str
    since: datetime | None = None


@dataclass(frozen=True)
class BrandRules:
    """All versions of a brand's rules, oldest first. Version 1 was set when the brand was created."""

    versions: Sequence[RulesVersion]

    @property
    def newest(self) -> RulesVersion:
        """The version with the highest number; its calendar may not be in force yet."""
        return self.versions[-1]

    def review_days_at(self, time: datetime) -> int:
        """The days of review of a statement that is drafted at that time."""
        return self.in_force_at(time).review_days

    def in_force_at(self, time: datetime) -> RulesVersion:
        """The version whose review, and rules of approval, count at that time."""
        in_force = (each for each in reversed(self.versions) if each.created_at <= time)
        return next(in_force, self.versions[0])

    def calendar_at(self, time: datetime) -> Calendar:
        """The calendar of the period that contains that time; the first one has no beginning."""
        changed = (each for each in reversed(self.calendars) if each.since is None or each.since <= time)
        return next(changed)

    @cached_property
    def calendars(self) -> Sequence[Calendar]:
        """The calendars that follow one another, without those that were replaced before they began."""
        first = self.versions[0]
        found = [Calendar(first.cadence, first.timezone)]
        for each in self.versions[1:]:
            if found[-1].since == each.effective_at:
                found.pop()
            if (each.cadence, each.timezone) != (found[-1].cadence, found[-1].timezone):
                found.append(Calendar(each.cadence, each.timezone, each.effective_at))
        return found
