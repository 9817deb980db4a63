"""Marks: up to where a brand's books were verified. A check starts at the newest mark that can be trusted.

A mark is trusted when this installation's evidence key signed it, and the books still have its transaction.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, defer

from config.canonical import ISO_FORMAT, canonical_json
from payouts.ledger.chain import GENESIS
from payouts.ledger.checks import BooksSoFar, Finding
from payouts.ledger.models import Transaction
from payouts.selfcheck.models import Mark
from tracker.evidence_key import EvidenceKey, is_signed
from tracker.people.accounts.models import Brand

FORMAT = "linkledger.mark.1"
KEPT = 3
"""So many verified marks of a brand and a key are kept; each has the balances of all accounts."""


@dataclass(frozen=True)
class MarkFound:
    """The mark that a check starts at, None when it starts at the beginning; what is wrong with the marks.

    `last_number` is that of the brand's last mark, 0 when there is none.
    """

    mark: Mark | None = None
    faults: Sequence[Finding] = ()
    last_number: int = 0


def find_mark(session: Session, brand_id: str, key: EvidenceKey) -> MarkFound:
    """The newest mark of the brand that can be trusted.

    None when there is none by this key, or a later check found faults. A mark whose signature is wrong, or
    whose transaction has another hash in the books, is a fault.
    """
    found = marks_as_evidence(session, brand_id, key)
    if found.faults:
        return found
    marks = _marks(session, brand_id)
    faulty = max((each.number for each in marks if each.findings), default=0)
    own = [each for each in marks if each.key_id == key.key_id and each.number > faulty]
    if not own:
        return found
    if not _is_signed(own[0], key):
        return replace(found, faults=[_finding(own[0], "was changed after it was signed")])
    return replace(found, mark=own[0])


def marks_as_evidence(session: Session, brand_id: str, key: EvidenceKey) -> MarkFound:
    """A finding for each mark of this key whose transaction has another hash in the books, or is gone.

    No mark to start at. Such books may fit together: only the mark shows that they were others before.
    """
    marks = _marks(session, brand_id)
    own = [each for each in marks if not each.findings and _is_signed(each, key)]
    seen = Transaction.seq.in_([each.seq for each in own])
    query = select(Transaction.seq, Transaction.hash).where(Transaction.brand_id == brand_id, seen)
    hashes = {0: GENESIS} | dict(row for row in session.execute(query))
    faults = [
        _finding(each, "does not fit the books, which were changed before it")
        for each in own
        if hashes.get(each.seq) != each.hash
    ]
    return MarkFound(faults=faults, last_number=max((each.number for each in marks), default=0))


def _marks(session: Session, brand_id: str) -> Sequence[Mark]:
    """Newest first, without their balances."""
    found = select(Mark).where(Mark.brand_id == brand_id).order_by(Mark.number.desc())
    return session.scalars(found.options(defer(Mark.balances), defer(Mark.owed))).all()


def books_at(session: Session, mark: Mark) -> BooksSoFar | None:
    """The books up to the mark; None when its balances are not those that were signed."""
    row = session.execute(select(Mark.balances, Mark.owed).where(Mark.number == mark.number)).one()
    if _state_sha256(row.balances, row.owed) != mark.state_sha256:
        return None
    owed = {
        (currency, period_id): minor
        for currency, periods in row.owed.items()
        for period_id, minor in periods.items()
    }
    return BooksSoFar(
        mark.brand_id, mark.seq, mark.hash, defaultdict(int, row.balances), defaultdict(int, owed)
    )


def changed_balances(mark: Mark) -> Finding:
    return _finding(mark, "has other balances than it was signed with")


def record_mark(
    session: Session,
    key: EvidenceKey,
    books: BooksSoFar,
    *,
    made_at: datetime,
    since: datetime,
    findings: int,
    last_number: int,
) -> bool:
    """Record up to where a check verified the books, or that it found faults.

    `last_number` is that of the brand's last mark when the check began. Returns False, and records nothing,
    when another check has recorded faults since then, or when faults would be recorded a second time.
    """
    _lock_marks(session, books.brand_id)
    newest = select(Mark.number).where(Mark.brand_id == books.brand_id).order_by(Mark.number.desc()).limit(1)
    last, last_faulty = session.scalar(newest), session.scalar(newest.where(Mark.findings > 0)) or 0
    if findings and last == last_faulty:
        return False  # the next check starts at the beginning already
    if last_faulty > last_number:
        return False
    balances = {account: minor for account, minor in books.balances.items() if minor}
    owed: dict[str, dict[str, int]] = defaultdict(dict)
    for (currency, period_id), minor in books.owed.items():
        owed[currency][period_id] = minor
    mark = Mark(
        brand_id=books.brand_id,
        seq=books.seq,
        hash=books.hash,
        balances={} if findings else balances,
        owed={} if findings else owed,
        findings=findings,
        since=since,
        made_at=made_at,
        key_id=key.key_id,
    )
    mark.state_sha256 = _state_sha256(mark.balances, mark.owed)
    mark.signature = key.sign(signed_content(mark))
    session.add(mark)
    session.flush()
    _prune(session, mark)
    return True


def _lock_marks(session: Session, brand_id: str) -> None:
    """Marks of a brand are recorded one after the other; this lock does not stop its books."""
    session.execute(select(Brand.id).where(Brand.id == brand_id).with_for_update(key_share=True))


def _prune(session: Session, newest: Mark) -> None:
    """Delete the marks before the last verified ones of the key. After faults all are kept, as evidence."""
    if newest.findings:
        return
    own = select(Mark.number).where(
        Mark.brand_id == newest.brand_id, Mark.key_id == newest.key_id, Mark.findings == 0
    )
    kept = session.scalars(own.order_by(Mark.number.desc()).limit(KEPT)).all()
    session.execute(
        delete(Mark).where(
            Mark.brand_id == newest.brand_id, Mark.key_id == newest.key_id, Mark.number < kept[-1]
        )
    )


def _is_signed(mark: Mark, key: EvidenceKey) -> bool:
    return mark.key_id == key.key_id and is_signed(key.key_id, signed_content(mark), mark.signature)


def signed_content(mark: Mark) -> bytes:
    """What the signature of a mark covers: canonical JSON of these fields."""
    content = {
        "format": FORMAT,
        "brand": mark.brand_id,
        "seq": mark.seq,
        "hash": mark.hash,
        "state_sha256": mark.state_sha256,
        "findings": mark.findings,
        "since": mark.since.strftime(ISO_FORMAT),
        "made_at": mark.made_at.strftime(ISO_FORMAT),
    }
    return canonical_json(content).encode()


def _state_sha256(balances: dict[str, int], owed: dict[str, dict[str, int]]) -> str:
    return hashlib.sha256(canonical_json({"balances": balances, "owed": owed}).encode()).hexdigest()


def _finding(mark: Mark, what: str) -> Finding:
    made_at = f"{mark.made_at:%Y-%m-%d %H:%M} UTC"
    message = f"The mark of {mark.brand_id} at number {mark.seq}, made at {made_at}, {what}."
    return Finding("marks", mark.brand_id, message)
