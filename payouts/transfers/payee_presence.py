"""Whether a creator can be paid already: then changes of access wait some days."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.transfers.models import Payee


def has_payee(session: Session, creator_id: str) -> bool:
    """Whether the creator has an account at the rail, for any brand."""
    return session.scalar(select(Payee.id).where(Payee.creator_id == creator_id).limit(1)) is not None
