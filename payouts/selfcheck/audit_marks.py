"""Marks of the audit: up to where its chains were verified. A check starts at the newest mark of a chain.

A mark is signed by this installation's evidence key. Who changes the entries before it can make the chain fit
together again, but not the mark.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from config.canonical import canonical_json, iso_text
from payouts.ledger.checks import Finding, Reads
from payouts.selfcheck.models import AuditMark
from tracker.audit.chain import GENESIS
from tracker.audit.checks import ChainPoint, chain_ids, check_chain
from tracker.audit.models import AuditEntry
from tracker.evidence_key import EvidenceKey, is_signed

FORMAT = "linkledger.audit_mark.1"
KEPT = timedelta(days=35)
"""Older marks of a chain are deleted, except the newest one."""


def check_audit(
    reads: Reads, key: EvidenceKey, now: datetime, *, full: bool
) -> tuple[list[Finding], list[AuditMark]]:
    """The faults of all chains, and new marks for those that have none. `full`: from the beginning.

    Marks are compared with the entries in both cases.
    """
    with reads() as session:
        chains = chain_ids(session)
    findings: list[Finding] = []
    new_marks: list[AuditMark] = []
    for chain_id in chains:
        with reads() as session:
            faults, mark = _check_chain(session, chain_id, key, now, full=full)
        findings += [Finding("audit", chain_id, each) for each in faults]
        new_marks += [] if mark is None else [mark]
    return findings, new_marks


def _check_chain(
    session: Session, chain_id: str, key: EvidenceKey, now: datetime, *, full: bool
) -> tuple[list[str], AuditMark | None]:
    """The faults of one chain, and a new mark when there is none and entries were added."""
    newest, faults = _newest_mark(session, chain_id, key)
    start = ChainPoint(chain_id)
    if newest is not None and not full:
        start = ChainPoint(chain_id, newest.entry_number, newest.hash)
    reached = start
    for page in check_chain(session, start):
        faults += [each.message for each in page.faults]
        reached = page.reached
    is_new = newest is None or reached.number > newest.entry_number
    return faults, _new_mark(key, reached, now) if is_new and not faults else None


def record_audit_marks(session: Session, marks: Sequence[AuditMark], now: datetime) -> None:
    """Store new marks, and delete those that nobody needs any more."""
    for mark in marks:
        session.add(mark)
        old = (AuditMark.chain_id == mark.chain_id, AuditMark.made_at < now - KEPT)
        session.execute(delete(AuditMark).where(*old))


def _newest_mark(session: Session, chain_id: str, key: EvidenceKey) -> tuple[AuditMark | None, list[str]]:
    """The newest mark of this key that fits; a fault for each mark that was changed, or fits no more."""
    marks = session.scalars(
        select(AuditMark)
        .where(AuditMark.chain_id == chain_id, AuditMark.key_id == key.key_id)
        .order_by(AuditMark.number.desc())
    ).all()
    numbers = [each.entry_number for each in marks]
    entries = select(AuditEntry.number, AuditEntry.hash).where(
        AuditEntry.chain_id == chain_id, AuditEntry.number.in_(numbers)
    )
    hashes = {0: GENESIS} | dict(row for row in session.execute(entries))
    faults = []
    for each in marks:
        place = f"entry {each.entry_number} of {chain_id}"
        if not is_signed(each.key_id, _signed_content(each), each.signature):
            faults.append(f"The mark of audit {place} was changed after it was made.")
        elif hashes.get(each.entry_number) != each.hash:
            made_at = f"{each.made_at:%Y-%m-%d %H:%M} UTC"
            faults.append(f"The audit was changed up to {place}: a mark made at {made_at} has another hash.")
    return (None if faults or not marks else marks[0]), faults


def _new_mark(key: EvidenceKey, reached: ChainPoint, now: datetime) -> AuditMark:
    mark = AuditMark(
        chain_id=reached.chain_id,
        entry_number=reached.number,
        hash=reached.hash,
        made_at=now,
        key_id=key.key_id,
    )
    mark.signature = key.sign(_signed_content(mark))
    return mark


def _signed_content(mark: AuditMark) -> bytes:
    """What the signature of a mark covers: canonical JSON of these fields."""
    content = {
        "format": FORMAT,
        "chain": mark.chain_id,
        "number": mark.entry_number,
        "hash": mark.hash,
        "made_at": iso_text(mark.made_at),
    }
    return canonical_json(content).encode()
