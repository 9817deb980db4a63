"""What the page of a new link suggests: who it is for, where it leads, how it is called."""

import re
import unicodedata
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from tracker.people.accounts.models import Creator
from tracker.programs.codes import code_key
from tracker.programs.models import Enrollment, Link, Program

MOST = 500
_NOT_IN_CODES = re.compile(r"[^a-z0-9]+")
MAX_SUGGESTION = 24


@dataclass(frozen=True)
class Participant:
    """A creator who takes part in a program of the brand."""

    enrollment_id: str
    program_id: str
    creator_id: str
    name: str


def participants(session: Session, brand_id: str) -> list[Participant]:
    """Those who can have a link, the newest first."""
    rows = session.execute(
        select(Enrollment.id, Enrollment.program_id, Creator.id, Creator.name)
        .join(Program, Program.id == Enrollment.program_id)
        .join(Creator, Creator.id == Enrollment.creator_id)
        .where(Program.brand_id == brand_id, Enrollment.state == "active", Program.state == "active")
        .order_by(Enrollment.id.desc())
        .limit(MOST)
    )
    return [Participant(*row) for row in rows]


def suggested_code(session: Session, name: str) -> str:
    """A short code from the creator's name that is free now; "" where the name has no such letters."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = _NOT_IN_CODES.sub("-", plain).strip("-")[:MAX_SUGGESTION].strip("-")
    if len(base) < 3:
        return ""
    candidates = [base, *(f"{base}-{number}" for number in range(2, 10))]
    taken = set(session.scalars(select(Link.code_key).where(Link.code_key.in_(map(code_key, candidates)))))
    return next((each for each in candidates if code_key(each) not in taken), "")
