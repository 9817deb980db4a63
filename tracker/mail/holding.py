"""Holds messages back for people who want them once a day, in the transaction of their cause."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from config.insert import insert_once
from tracker.ids import new_id
from tracker.mail.kinds import MailKind
from tracker.mail.letters import SUBJECT_LENGTH, Letter, Recipient, envelope, one_line
from tracker.mail.models import MailHeld

MORNING = time(7)
SIGNATURE = "\n-- \n"
"""RFC 3676, section 4.3: below it stands what every message repeats."""


def next_morning(now: datetime, timezone: str | None) -> datetime:
    """The next time at which it is MORNING in the zone, UTC by default; in UTC."""
    zone = ZoneInfo(timezone or "UTC")
    today = datetime.combine(now.astimezone(zone).date(), MORNING, zone)
    next_day = datetime.combine(today.date() + timedelta(days=1), MORNING, zone)
    return (today if today > now else next_day).astimezone(UTC)


def hold_back(
    session: Session,
    now: datetime,
    letter: Letter,
    to: Recipient,
    *,
    kind: MailKind,
    key: str,
    brand_id: str | None,
    subject_id: str | None,
) -> None:
    """Keep the message for the next digest of a user or creator; once for each key."""
    insert_once(
        session,
        MailHeld,
        id=new_id("mhd", now),
        key=key,
        kind=kind.value,
        brand_id=brand_id,
        subject_id=subject_id,
        person_id=to.user_id or to.creator_id,
        **envelope(letter, to),
        subject=one_line(letter.subject, SUBJECT_LENGTH),
        body_text=letter.text.rpartition(SIGNATURE)[0].strip() or letter.text.strip(),
        held_at=now,
        due_at=next_morning(now, to.timezone),
    )
