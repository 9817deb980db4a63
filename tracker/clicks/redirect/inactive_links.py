"""Where a visitor of a paused, expired or ended link is sent. Pure."""

from dataclasses import dataclass
from datetime import datetime

from tracker.programs.links.operations import InactiveState, LinkTarget


@dataclass(frozen=True)
class InactiveLink:
    """Why a link is inactive, and the fallback URL of its brand."""

    state: InactiveState
    fallback_url: str | None


def inactive_link(link: LinkTarget, now: datetime) -> InactiveLink | None:
    """None for an active link."""
    if link.inactive is not None:
        return InactiveLink(link.inactive, link.fallback_url)
    if link.expires_at is not None and link.expires_at <= now:
        return InactiveLink(InactiveState.LINK_EXPIRED, link.fallback_url)
    return None
