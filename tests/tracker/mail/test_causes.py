"""Causes of messages: noted once, in one statement, and recalled until they are composed."""

from datetime import timedelta

from sqlalchemy import event, select, update

from config.database import Databases, read_session, transact
from tests.cast.people import Cast
from tests.harness.databases.snapshots import NOW
from tracker.mail.causes import UNDO_WINDOW, Cause, note, note_all, recall, recall_all
from tracker.mail.kinds import MailKind
from tracker.mail.models import MailCause


def held(cast: Cast, *hold_ids: str) -> list[Cause]:
    later = NOW + UNDO_WINDOW
    return [Cause(MailKind.LINE_HELD, cast.brand_id, each, cast.member_id, later) for each in hold_ids]


def noted(databases: Databases) -> list[str]:
    with read_session(databases.main) as session:
        return list(session.scalars(select(MailCause.subject_id).order_by(MailCause.subject_id)))


def test_a_cause_is_noted_once(databases: Databases, cast: Cast) -> None:
    (first,) = held(cast, "hld_1")
    for _ in range(2):
        transact(databases.main, lambda s: note(s, NOW, first))
    transact(databases.main, lambda s: note_all(s, NOW, held(cast, "hld_1", "hld_2")))
    assert noted(databases) == ["hld_1", "hld_2"]


def test_many_causes_take_one_statement(databases: Databases, cast: Cast) -> None:
    statements = []
    event.listen(databases.main, "before_cursor_execute", lambda *given: statements.append(given[2]))
    transact(databases.main, lambda s: note_all(s, NOW, held(cast, *(f"hld_{n}" for n in range(500)))))
    ids = [f"hld_{n}" for n in range(400)]
    transact(databases.main, lambda s: recall_all(s, MailKind.LINE_HELD, ids))
    assert [each.split()[0].upper() for each in statements if "mail_cause" in each] == ["INSERT", "DELETE"]
    assert len(noted(databases)) == 100


def test_noting_nothing_writes_nothing(databases: Databases) -> None:
    transact(databases.main, lambda s: note_all(s, NOW, []))
    assert noted(databases) == []


def test_an_undo_recalls_a_cause_that_is_not_composed(databases: Databases, cast: Cast) -> None:
    transact(databases.main, lambda s: note_all(s, NOW, held(cast, "hld_1", "hld_2")))
    assert transact(databases.main, lambda s: recall(s, MailKind.LINE_HELD, "hld_1"))
    assert not transact(databases.main, lambda s: recall(s, MailKind.LINE_HELD, "hld_1"))
    assert not transact(databases.main, lambda s: recall(s, MailKind.LINE_RELEASED, "hld_2"))
    assert noted(databases) == ["hld_2"]


def test_what_is_composed_is_not_recalled(databases: Databases, cast: Cast) -> None:
    transact(databases.main, lambda s: note_all(s, NOW, held(cast, "hld_1")))
    done = update(MailCause).values(composed_at=NOW + timedelta(minutes=11))
    transact(databases.main, lambda s: s.execute(done))
    assert not transact(databases.main, lambda s: recall(s, MailKind.LINE_HELD, "hld_1"))
    assert noted(databases) == ["hld_1"]
