"""The mail about a new, changed or removed way to sign in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from tracker.language.formats import format_time
from tracker.language.texts import current_language, use_language
from tracker.language.texts import gettext as _
from tracker.mail.compose import compose
from tracker.mail.kinds import MailKind
from tracker.mail.letters import Recipient
from tracker.mail.outbox import queue
from tracker.people.accounts.models import User


class Change(StrEnum):
    PASSWORD_SET = "password_set"
    PASSWORD_REMOVED = "password_removed"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"


@dataclass(frozen=True)
class Sending:
    """The address of this installation, and its secret keys, newest first."""

    web_url: str
    keys: Sequence[str]


def tell_person(
    session: Session,
    now: datetime,
    user: User,
    change: Change,
    entry_id: str,
    sending: Sending,
    name: str = "",
) -> None:
    """Queue the mail. entry_id: of the audit entry about the change. name: of the passkey."""
    language = user.language or current_language()
    with use_language(language):
        title, at = _title(change, name), format_time(now, user.timezone or "UTC", with_zone=True)
    letter = compose(
        "credential_changed",
        language,
        title=title,
        at=at,
        profile=f"{sending.web_url}/app/profile",
    )
    queue(
        session,
        now,
        letter,
        Recipient(user.email, user.name, language, user_id=user.id),
        kind=MailKind.CREDENTIAL_CHANGED,
        key=f"credential_changed:{entry_id}",
        keys=sending.keys,
        subject_id=user.id,
    )


def _title(change: Change, name: str) -> str:
    return {
        Change.PASSWORD_SET: _("A password was set for your account"),
        Change.PASSWORD_REMOVED: _("The password of your account was removed"),
        Change.PASSKEY_ADDED: _("A passkey was added to your account: %(name)s", name=name),
        Change.PASSKEY_REMOVED: _("A passkey was removed from your account: %(name)s", name=name),
    }[change]
