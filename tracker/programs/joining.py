"""A creator who accepted an invitation takes part in a program."""

from contextlib import suppress
from datetime import datetime

from sqlalchemy.orm import Session

from tracker.audit.actors import Actor
from tracker.errors import Conflict
from tracker.programs.operations import enroll


def join_program(session: Session, now: datetime, actor: Actor, program_id: str, creator_id: str) -> None:
    """Enroll the creator. Nothing happens when they are or were enrolled, or the program has ended."""
    with suppress(Conflict):
        enroll(session, now, actor=actor, program_id=program_id, creator_id=creator_id)
