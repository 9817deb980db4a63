"""Where a visitor of a paused, expired or ended link is sent. Pure."""

from dataclasses import dataclass
from datetime import datetime

from tracker.programs.links.operations import LinkTarget

PERMANENT_STATES = ("ended", "expired")
"""A link in these states never becomes active again; a paused link may."""


@dataclass(frozen=True)
class InactiveLink:
    """Why a link is inactive, such as "link paused", and the fallback URL of its brand."""

    reason: str
    fallback_url: str | None

    @property
    def is_permanent(self) -> bool:
        return self.reason.endswith(PERMANENT_STATES)


def inactive_link(link: LinkTarget, now: datetime) -> InactiveLink | None:
    """None for an active link."""
    if link.reason is not None:
        return InactiveLink(link.reason, link.fallback_url)
    if link.expires_at is not None and link.expires_at <= now:
        return InactiveLink("link expired", link.fallback_url)
    return None
