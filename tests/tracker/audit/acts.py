"""What tests of acts read of the audit."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select

from config.database import Databases, read_session, transact
from tests.cast.people import PERSON
from tracker.audit.models import AuditEntry


class Act(NamedTuple):
    """An entry as tests compare it."""

    id: str
    action: str
    subject_id: str
    brand_id: str | None
    before: Any
    after: Any


def acts_of(databases: Databases) -> list[Act]:
    """The entries of all chains, each chain in its order."""
    with read_session(databases.main) as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.chain_id, AuditEntry.number)).all()
    return [
        Act(each.id, each.action, each.subject_id, each.brand_id, each.before, each.after) for each in entries
    ]


def acts_by(
    databases: Databases, now: datetime, operation: Callable[..., Any], *arguments: Any, **details: Any
) -> list[Act]:
    """Call the operation in a transaction of its own. Returns what is recorded of it."""
    known = {each.id for each in acts_of(databases)}
    transact(databases.main, lambda s: operation(s, now, *arguments, actor=PERSON, **details))
    return [each for each in acts_of(databases) if each.id not in known]
