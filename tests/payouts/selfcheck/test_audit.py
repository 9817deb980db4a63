"""The self-check finds changes of the audit that bypass the triggers; it starts where the last one ended."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from config.settings import Settings
from payouts.selfcheck.audit_marks import check_audit
from payouts.selfcheck.checks import Promise
from payouts.selfcheck.models import AuditMark
from payouts.selfcheck.runs import require_consistent_books, run_check
from tests.cast.people import PERSON
from tests.payouts.ledger.conftest import tampering_session
from tracker.audit.actions import Action, Subject, about
from tracker.audit.chain import HASHED, INSTALLATION, entry_hash
from tracker.audit.models import AuditChain, AuditEntry
from tracker.audit.operations import record
from tracker.evidence_key import load_evidence_key

ENTRIES = 4


@pytest.fixture
def written(databases: Databases, now: datetime) -> Databases:
    """A chain of four entries, of which the first has personal parts."""
    for number in range(ENTRIES):
        add_entry(databases, now, number)
    return databases


def add_entry(databases: Databases, now: datetime, number: int) -> None:
    whose = about(Subject.INSTALLATION, INSTALLATION)
    personal = None if number else {"note": "Mira"}
    transact(
        databases.main,
        lambda s: record(
            s, now, PERSON, Action.BACKUP_CREATE, **whose, after={"rows": number}, personal=personal
        ),
    )


def faults(session: Session, settings: Settings, now: datetime, *, full: bool = True) -> list[str]:
    key = load_evidence_key(settings.home)
    found, _marks = check_audit(lambda: _unclosed(session), key, now, full=full)
    return [each.message for each in found]


class _unclosed:
    """The session of the test as a context, which leaves it open."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def __enter__(self) -> Session:
        self.session.expire_all()
        return self.session

    def __exit__(self, *_error: object) -> None: ...


def change_hash_too(session: Session, number: int, **values: object) -> None:
    """Change an entry and all hashes after it, so that the chain fits together again."""
    session.execute(update(AuditEntry).where(AuditEntry.number == number).values(**values))
    session.expire_all()
    previous = "0" * 64
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.number)).all():
        columns = {name: getattr(entry, name) for name in HASHED}
        entry.previous_hash, entry.hash = previous, entry_hash(previous, columns)
        previous = entry.hash
    session.execute(update(AuditChain).values(head_hash=previous))
    session.flush()


TAMPERING = {
    "an edited entry": "update audit_entry set actor_id = 'usr_2' where number = 2",
    "a deleted entry": "delete from audit_entry where number = 2",
    "a deleted end": "delete from audit_entry where number = 4",
    "swapped entries": "update audit_entry set number = number - 5 where number in (2, 3)",
    "edited personal parts": 'update audit_personal set content = \'{"note":"Theo"}\'',
    "personal parts that are gone": "delete from audit_personal",
}


@pytest.mark.parametrize("fault", TAMPERING)
def test_what_bypasses_the_triggers_is_found(
    written: Databases, settings: Settings, now: datetime, fault: str
) -> None:
    with tampering_session(settings) as session:
        assert faults(session, settings, now) == []
        session.execute(text(TAMPERING[fault]))
        if fault == "swapped entries":
            session.execute(text("update audit_entry set number = -number where number < 0"))
        assert faults(session, settings, now)


def test_a_chain_that_was_made_to_fit_again_is_found_by_a_mark(
    written: Databases, settings: Settings, now: datetime
) -> None:
    run_check(written.main, settings, now)
    with tampering_session(settings) as session:
        change_hash_too(session, 2, actor_id="usr_2")
        for full in (True, False):
            assert any("has another hash" in each for each in faults(session, settings, now, full=full))


def test_a_changed_mark_is_found(written: Databases, settings: Settings, now: datetime) -> None:
    run_check(written.main, settings, now)
    with tampering_session(settings) as session:
        session.execute(update(AuditMark).values(entry_number=3))
        assert any("was changed after it was made" in each for each in faults(session, settings, now))


def test_a_check_reads_only_what_came_since_the_mark(
    written: Databases, settings: Settings, now: datetime
) -> None:
    run_check(written.main, settings, now)
    add_entry(written, now, ENTRIES)
    with tampering_session(settings) as session:
        session.execute(text("update audit_entry set actor_id = 'usr_2' where number = 2"))
        assert faults(session, settings, now, full=False) == []
        assert faults(session, settings, now, full=True) != []


def test_a_check_marks_each_chain_once(written: Databases, settings: Settings, now: datetime) -> None:
    for _ in range(2):
        assert run_check(written.main, settings, now).result.of(Promise.AUDIT) == []
    with read_session(written.main) as session:
        assert [each.entry_number for each in session.scalars(select(AuditMark))] == [ENTRIES]
    add_entry(written, now, ENTRIES)
    run_check(written.main, settings, now + timedelta(days=40))
    with read_session(written.main) as session:
        assert [each.entry_number for each in session.scalars(select(AuditMark))] == [ENTRIES + 1]


def test_a_fault_of_the_audit_stops_no_payout(written: Databases, settings: Settings, now: datetime) -> None:
    with written.main.begin() as connection:
        connection.execute(text("delete from audit_personal"))
    assert len(run_check(written.main, settings, now).result.of(Promise.AUDIT)) == 1
    require_consistent_books(written.main, settings, now)
