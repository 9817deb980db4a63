"""Verifies chains of audit entries: nothing was edited, deleted or reordered, erasures are recorded."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tracker.audit.actions import Action
from tracker.audit.chain import GENESIS, HASHED, entry_hash, personal_hash
from tracker.audit.models import AuditChain, AuditEntry, AuditPersonal

PAGE_ROWS = 1000


@dataclass(frozen=True)
class AuditFault:
    """A fault of a chain, and the entry at which it was found."""

    chain_id: str
    number: int
    message: str


@dataclass(frozen=True)
class ChainPoint:
    """A place in a chain: the entry with this number, and its hash. The default is before the first one."""

    chain_id: str
    number: int = 0
    hash: str = GENESIS


@dataclass(frozen=True)
class CheckedPage:
    """Up to which point a page of entries was checked, and what was wrong there."""

    reached: ChainPoint
    faults: Sequence[AuditFault]


def chain_ids(session: Session) -> Sequence[str]:
    """The ids of all chains, also of those whose end was deleted."""
    entries = select(AuditEntry.chain_id).distinct()
    return session.scalars(select(AuditChain.id).union(entries).order_by("id")).all()


def check_chain(session: Session, start: ChainPoint) -> Iterator[CheckedPage]:
    """Check a chain page by page, from the entry after `start` to its end. Each page is one query."""
    reached = start
    while rows := _page(session, reached):
        faults: list[AuditFault] = []
        erased = _erased(session, rows)
        for entry, personal in rows:
            faults += _entry_faults(reached, entry, personal, erased)
            reached = ChainPoint(entry.chain_id, entry.number, entry.hash)
        yield CheckedPage(reached, faults)
    yield CheckedPage(reached, _end_faults(session, reached))


_Row = tuple[AuditEntry, AuditPersonal | None]


def _page(session: Session, reached: ChainPoint) -> Sequence[_Row]:
    following = (
        select(AuditEntry, AuditPersonal)
        .outerjoin(AuditPersonal, AuditPersonal.entry_id == AuditEntry.id)
        .where(AuditEntry.chain_id == reached.chain_id, AuditEntry.number > reached.number)
        .order_by(AuditEntry.number)
        .limit(PAGE_ROWS)
    )
    return [(entry, personal) for entry, personal in session.execute(following)]


def _erased(session: Session, rows: Sequence[_Row]) -> dict[str, datetime]:
    """By person or object of these entries whose personal parts were erased: when it was done last."""
    about = {entry.personal_about for entry, personal in rows if personal is None} - {None}
    if not about:
        return {}
    erasures = (
        select(AuditEntry.subject_id, func.max(AuditEntry.at))
        .where(AuditEntry.action == Action.PERSONAL_ERASE.value, AuditEntry.subject_id.in_(about))
        .group_by(AuditEntry.subject_id)
    )
    return dict(row for row in session.execute(erasures))


def _entry_faults(
    before: ChainPoint, entry: AuditEntry, personal: AuditPersonal | None, erased: Mapping[str, datetime]
) -> list[AuditFault]:
    faults = []
    if entry.number != before.number + 1:
        faults.append(f"entries {before.number + 1} to {entry.number - 1} are missing")
    elif entry.previous_hash != before.hash:
        faults.append("it does not follow the entry before it")
    if entry.hash != entry_hash(entry.previous_hash, _columns(entry)):
        faults.append("it was changed after it was written")
    if fault := _personal_fault(entry, personal, erased):
        faults.append(fault)
    return [_fault(entry.chain_id, entry.number, each) for each in faults]


def _personal_fault(entry: AuditEntry, personal: AuditPersonal | None, erased: Mapping[str, datetime]) -> str:
    if personal is None:
        erased_at = erased.get(entry.personal_about or "")
        if entry.personal_hash is not None and (erased_at is None or erased_at < entry.at):
            return "its personal parts are missing, and no erasure of them is recorded"
        return ""
    if entry.personal_hash != personal_hash(personal.salt, personal.content):
        return "its personal parts were changed after they were written"
    return ""


def _end_faults(session: Session, reached: ChainPoint) -> list[AuditFault]:
    """The end of the chain is where its own row says, unless entries were written in the meantime."""
    chain = session.get(AuditChain, reached.chain_id, populate_existing=True)
    if chain is None:
        return [_fault(reached.chain_id, reached.number, "the end of its chain is missing")]
    if (chain.number, chain.head_hash) == (reached.number, reached.hash):
        return []
    if _page(session, reached):
        return []
    return [_fault(reached.chain_id, reached.number, f"the chain ends here, not at number {chain.number}")]


def _columns(entry: AuditEntry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in HASHED}


def _fault(chain_id: str, number: int, what: str) -> AuditFault:
    return AuditFault(chain_id, number, f"Audit entry {number} of {chain_id}: {what}.")
