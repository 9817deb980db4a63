"""What is recorded of an act: who, through what, to what, and what it changed, at the end of a chain."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from tests.cast.people import add_brand_with_program
from tests.harness.processes.threads import run_concurrently
from tracker.audit.actions import ACTION_TEXTS, Action, Subject
from tracker.audit.actors import Actor, ActorKind, command_line
from tracker.audit.chain import GENESIS, INSTALLATION
from tracker.audit.checks import ChainPoint, chain_ids, check_chain
from tracker.audit.models import AuditChain, AuditEntry, AuditPersonal
from tracker.audit.operations import erase_personal, record

CLI = command_line("a test")
THREADS, EACH = 8, 5


def add_brand(databases: Databases, now: datetime, name: str) -> str:
    return transact(databases.main, lambda s: add_brand_with_program(s, now, name=name)[0])


def record_about(
    session: Session, now: datetime, brand_id: str | None, actor: Actor = CLI, **more: Any
) -> str:
    fields = {"subject_kind": Subject.BRAND, "subject_id": brand_id or INSTALLATION, "brand_id": brand_id}
    return record(session, now, actor, Action.BRAND_EDIT, **(fields | more))


def faults(databases: Databases) -> list[str]:
    with read_session(databases.main) as session:
        return [
            fault.message
            for chain_id in chain_ids(session)
            for page in check_chain(session, ChainPoint(chain_id))
            for fault in page.faults
        ]


def test_an_entry_says_who_did_what_through_which_entry_point(databases: Databases, now: datetime) -> None:
    brand_id = add_brand(databases, now, "Teas")
    actor = Actor(ActorKind.USER, "brand settings", "usr_1", browser_family="Firefox", country="DE")
    changes = {"before": {"review_days": 5}, "after": {"review_days": 7, "since": now}}
    entry_id = transact(databases.main, lambda s: record_about(s, now, brand_id, actor, **changes))
    with read_session(databases.main) as session:
        entry = session.get_one(AuditEntry, entry_id)
    who = (entry.actor_kind, entry.actor_id, entry.entry_point, entry.browser_family, entry.country)
    assert who == ("user", "usr_1", "brand settings", "Firefox", "DE")
    assert (entry.at, entry.brand_id, entry.subject_kind, entry.subject_id, entry.action) == (
        now,
        brand_id,
        "brand",
        brand_id,
        "brand.edit",
    )
    assert entry.before == {"review_days": 5}
    assert entry.after == {"review_days": 7, "since": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
    assert faults(databases) == []


def test_each_brand_and_the_installation_have_a_chain_of_their_own(
    databases: Databases, now: datetime
) -> None:
    teas, mugs = (add_brand(databases, now, name) for name in ("Teas", "Mugs"))

    def ends(session: Session) -> dict[str, int]:
        return {chain.id: chain.number for chain in session.scalars(select(AuditChain))}

    with read_session(databases.main) as session:
        before = ends(session)
    for brand_id in (teas, None, mugs, teas):
        transact(databases.main, partial(record_about, now=now, brand_id=brand_id))
    with read_session(databases.main) as session:
        after = ends(session)
    new = {chain_id: number - before.get(chain_id, 0) for chain_id, number in after.items()}
    assert new == {teas: 2, mugs: 1, INSTALLATION: 1}
    assert faults(databases) == []


def test_entries_that_many_threads_write_at_once_form_one_chain(databases: Databases, now: datetime) -> None:
    brand_id = add_brand(databases, now, "Teas")
    with read_session(databases.main) as session:
        before = len(session.scalars(select(AuditEntry)).all())

    def write() -> None:
        for _ in range(EACH):
            transact(databases.main, lambda s: record_about(s, now, brand_id))
            transact(databases.main, lambda s: record_about(s, now, None))

    run_concurrently(*[write] * THREADS)
    with read_session(databases.main) as session:
        assert len(session.scalars(select(AuditEntry)).all()) == before + 2 * THREADS * EACH
    assert faults(databases) == []


def test_the_first_entry_follows_the_beginning(databases: Databases, now: datetime) -> None:
    transact(databases.main, lambda s: record_about(s, now, None))
    with read_session(databases.main) as session:
        first = session.scalars(
            select(AuditEntry).where(AuditEntry.chain_id == INSTALLATION, AuditEntry.number == 1)
        ).one()
    assert first.previous_hash == GENESIS


def test_nothing_is_recorded_of_an_act_that_is_rolled_back(databases: Databases, now: datetime) -> None:
    def fail(session: Session) -> None:
        record_about(session, now, None)
        raise RuntimeError("rolled back")

    with pytest.raises(RuntimeError):
        transact(databases.main, fail)
    with read_session(databases.main) as session:
        assert session.scalars(select(AuditEntry)).all() == []


def test_the_database_refuses_to_change_or_delete_entries(databases: Databases, now: datetime) -> None:
    transact(databases.main, lambda s: record_about(s, now, None, personal={"note": "Call Mira"}))
    for statement in (
        "update audit_entry set actor_id = 'usr_2'",
        "delete from audit_entry",
        "update audit_personal set content = '{}'",
    ):
        with pytest.raises(DBAPIError, match="never changed"), databases.main.begin() as connection:
            connection.execute(text(statement))


def test_erased_personal_parts_leave_the_chain_whole(databases: Databases, now: datetime) -> None:
    about: dict[str, Any] = {
        "personal": {"name": "Mira", "email": "mira@people.example"},
        "personal_about": "crt_1",
    }
    transact(databases.main, lambda s: record_about(s, now, None, **about))
    transact(databases.main, lambda s: record_about(s, now, None, personal={"note": "Call Theo"}))
    subject: dict[str, Any] = {"subject_kind": Subject.CREATOR, "subject_id": "crt_1"}
    later = now + timedelta(days=1)
    assert transact(databases.main, lambda s: erase_personal(s, later, CLI, **subject)) == 1
    assert transact(databases.main, lambda s: erase_personal(s, later, CLI, **subject)) == 0
    with read_session(databases.main) as session:
        assert [each.content for each in session.scalars(select(AuditPersonal))] == [{"note": "Call Theo"}]
        erasures = session.scalars(select(AuditEntry).where(AuditEntry.action == "personal.erase")).all()
        assert [(each.subject_id, each.after) for each in erasures] == [("crt_1", {"entries": 1})]
        assert "Mira" not in repr([vars(each) for each in session.scalars(select(AuditEntry))])
    assert faults(databases) == []


def test_personal_parts_that_are_gone_without_an_erasure_are_found(
    databases: Databases, now: datetime
) -> None:
    transact(databases.main, lambda s: record_about(s, now, None, personal={"note": "Call Mira"}))
    with databases.main.begin() as connection:
        connection.execute(text("delete from audit_personal"))
    assert faults(databases) == [
        "Audit entry 1 of installation: its personal parts are missing, and no erasure of them is recorded."
    ]


def test_every_action_has_words() -> None:
    assert set(ACTION_TEXTS) == set(Action)
