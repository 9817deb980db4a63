"""What composing a message needs: the transaction, the time, and the installation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from config.settings import Settings
from tracker.mail.kinds import MailKind
from tracker.mail.letters import Letter, Recipient
from tracker.mail.outbox import queue


@dataclass
class Post:
    """`needs_notice`: on a real rail a statement approves itself only after a notice. `queued`: messages."""

    session: Session
    now: datetime
    settings: Settings
    queued: int = 0

    @property
    def web_url(self) -> str:
        return self.settings.web_url

    @property
    def needs_notice(self) -> bool:
        return self.settings.rail != "sandbox"

    @property
    def keys(self) -> Sequence[str]:
        return self.settings.secret_keys

    def queue(
        self,
        letter: Letter,
        to: Recipient,
        kind: MailKind,
        *,
        subject_id: str,
        brand_id: str | None = None,
    ) -> None:
        """One message for each kind, subject and recipient."""
        written = queue(
            self.session,
            self.now,
            letter,
            to,
            kind=kind,
            key=f"{kind.value}:{subject_id}:{to.user_id or to.creator_id or to.address}",
            keys=self.keys,
            brand_id=brand_id,
            subject_id=subject_id,
        )
        self.queued += written is not None
