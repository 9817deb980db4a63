"""Changes of links that exist: paused, resumed, ended, or inactive from a time on."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.errors import Conflict
from tracker.programs.links.operations import checked_expiry, get_link
from tracker.programs.models import Enrollment, Link, Program
from tracker.programs.rules import ALLOWED_FORMER_STATES

_STATE_ACTIONS = {
    "active": Action.LINK_RESUME,
    "paused": Action.LINK_PAUSE,
    "ended": Action.LINK_END,
}


def set_link_state(session: Session, now: datetime, *, actor: Actor, link_id: str, state: str) -> Link:
    """Set a link to "active", "paused" or "ended". Raises NotFound, and Conflict when the link has ended."""
    link = _locked_link(session, link_id)
    former = link.state
    change = (
        update(Link)
        .where(Link.id == link.id, Link.state.in_(ALLOWED_FORMER_STATES[state]))
        .values(state=state)
    )
    if cast(CursorResult[Any], session.execute(change)).rowcount != 1:
        raise Conflict(f"Link {link_id} has ended, which is permanent; create a new one.")
    session.refresh(link)
    if former != state:
        before, after = {"state": former}, {"state": state}
        _record(session, now, actor, _STATE_ACTIONS[state], link, before=before, after=after)
    return link


def expire_link(session: Session, now: datetime, *, actor: Actor, link_id: str, at: datetime | None) -> Link:
    """Set the time from which a link is inactive; None removes it. Raises Invalid if it is past, NotFound."""
    link = _locked_link(session, link_id)
    former = link.expires_at
    session.execute(update(Link).where(Link.id == link.id).values(expires_at=checked_expiry(now, at)))
    session.refresh(link)
    if former != link.expires_at:
        before, after = {"expires_at": former}, {"expires_at": link.expires_at}
        _record(session, now, actor, Action.LINK_EXPIRE, link, before=before, after=after)
    return link


def _locked_link(session: Session, link_id: str) -> Link:
    """The link as it is until this transaction ends, so that the audit knows what it was before."""
    link = get_link(session, link_id)
    session.refresh(link, with_for_update=True)
    return link


def _record(
    session: Session, now: datetime, actor: Actor, action: Action, link: Link, **changes: Any
) -> None:
    brand_id = session.scalars(
        select(Program.brand_id)
        .join(Enrollment, Enrollment.program_id == Program.id)
        .where(Enrollment.id == link.enrollment_id)
    ).one()
    record(session, now, actor, action, **about(Subject.LINK, link.id, brand_id), **changes)
