"""Messages to creators about decisions: one for all of a run, after ten minutes, and recalled by an undo."""

import pytest

from payouts.statements.decisions.commissions import decline, hold, release
from payouts.statements.decisions.undo import undo
from tests.cast.books import Books, at
from tests.cast.months import DEFAULT_SEED
from tests.cast.people import PERSON
from tests.harness.databases.snapshots import database_seed_for
from tests.payouts.mail.cast import compose_all, messages, waiting_causes
from tests.payouts.statements.october import DRAFT

database_seed = database_seed_for(draft=DRAFT, books=DEFAULT_SEED)


@pytest.fixture
def draft(books: Books) -> Books:
    """October's draft: 100 EUR of order 1001 are released, 40 EUR of order 1002 are held."""
    return books


def test_a_creator_is_told_of_all_decisions_in_one_message(draft: Books) -> None:
    draft.decide(decline, "1001", "11-03 10:00", reason="returned", note="came back <unopened>")
    draft.decide(hold, "1002", "11-03 10:05", reason="under_review")
    compose_all(draft, at("11-03 10:09"))
    assert messages(draft, "line_declined") == []
    compose_all(draft, at("11-03 10:20"))
    (told,) = [each for each in messages(draft) if each.creator_id == draft.creator_id]
    assert told.subject == "Teas decided about 2 of your commissions"
    assert told.body_text is not None
    assert told.body_html is not None
    assert "Order …1001, €100.00\nDeclined: the goods came back. It is not paid." in told.body_text
    assert "Note of Teas: came back <unopened>" in told.body_text
    assert "came back &lt;unopened&gt;" in told.body_html
    assert "Held until Sun 3 January 2027" in told.body_text.replace("\n", " ")
    compose_all(draft, at("11-03 10:30"))
    assert len([each for each in messages(draft) if each.creator_id]) == 1


def test_what_is_undone_within_ten_minutes_is_not_told(draft: Books) -> None:
    decision_id = draft.decide(decline, "1001", "11-03 10:00", reason="returned")
    draft.write(lambda s: undo(s, at("11-03 10:08"), decision_id, actor=PERSON))
    assert "line_declined" not in waiting_causes(draft)
    compose_all(draft, at("11-03 10:30"))
    assert [each.kind for each in messages(draft) if each.creator_id] == []


def test_what_is_undone_later_is_told(draft: Books) -> None:
    decision_id = draft.decide(decline, "1001", "11-03 10:00", reason="returned")
    compose_all(draft, at("11-03 10:10"))
    draft.write(lambda s: undo(s, at("11-03 11:00"), decision_id, actor=PERSON))
    compose_all(draft, at("11-03 11:10"))
    assert [each.kind for each in messages(draft) if each.creator_id] == ["line_declined", "line_restored"]


def test_a_release_is_told(draft: Books) -> None:
    draft.decide(hold, "1002", "11-03 10:00", reason="under_review")
    draft.decide(release, "1002", "11-03 10:01")
    compose_all(draft, at("11-03 10:30"))
    (told,) = [each for each in messages(draft) if each.creator_id]
    assert told.body_text is not None
    assert "Released: it is no longer held." in told.body_text
