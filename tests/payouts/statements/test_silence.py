"""Silence on a real rail: only after a notice, review days from then, and never above the limit."""

from typing import Any

import pytest
from sqlalchemy import text

from config.database import read_session
from payouts.ledger.brand_commands import COMMANDS as BRAND_COMMANDS
from payouts.ledger.pay_days import pay_day_moves
from payouts.ledger.rules_changes import change_rules
from payouts.statements.decisions.commissions import hold, release
from payouts.statements.models import Statement
from payouts.statements.notices import begin_review, noticed_drafts
from payouts.statements.review import approve_automatically, approve_by_person, get_statement
from payouts.statements.silence import silence_faults
from tests.cast.api import Terminal
from tests.cast.books import Books, at
from tests.cast.months import DEFAULT_SEED, OCTOBER
from tests.cast.people import PERSON
from tests.harness.databases.snapshots import database_seed_for
from tests.payouts.mail.cast import accept, add_user, compose_all
from tests.payouts.statements.october import DRAFT
from tests.payouts.statements.october import statement as show
from tracker.audit.actors import Actor, ActorKind, command_line

database_seed = database_seed_for(draft=DRAFT, books=DEFAULT_SEED)
LATE = "11-20 10:00"


@pytest.fixture
def draft(books: Books) -> Books:
    add_user(books, "Olga", "owner")
    return books


def statement(books: Books) -> Statement:
    with read_session(books.databases.main) as session:
        return get_statement(session, books.brand_id, "2026-10", "EUR")


def approves_itself(books: Books, when: str, *, needs_notice: bool = True) -> bool:
    own, now = statement(books).id, at(when)
    return bool(books.write(lambda s: approve_automatically(s, now, own, needs_notice=needs_notice)))


def notice(books: Books, accepted: str) -> None:
    """The notice is composed at once, and a mail server accepts it at that time; then the job runs."""
    compose_all(books, at(OCTOBER.closing))
    accept(books, at(accepted), "olga@teas.example")
    for each in books.write(noticed_drafts):
        books.write(lambda s, own=each: begin_review(s, at(accepted), own))


def edit(books: Books, when: str, **rules: Any) -> None:
    books.write(lambda s: change_rules(s, at(when), actor=PERSON, brand_id=books.brand_id, **rules))


def test_without_a_notice_silence_approves_nothing_on_a_real_rail(draft: Books) -> None:
    compose_all(draft, at(OCTOBER.closing))
    assert not approves_itself(draft, OCTOBER.approval)
    assert not approves_itself(draft, "2027-06-01 00:00")
    assert statement(draft).state == "draft"


def test_in_the_sandbox_silence_approves_without_a_notice(draft: Books) -> None:
    assert approves_itself(draft, OCTOBER.approval, needs_notice=False)
    assert (statement(draft).approved_by, statement(draft).silence_basis) == ("silence", "sandbox")


def test_a_notice_on_the_day_of_the_draft_changes_no_date(draft: Books) -> None:
    before = statement(draft)
    notice(draft, "11-01 08:00")
    after = statement(draft)
    assert (after.review_ends_at, after.pay_from) == (before.review_ends_at, before.pay_from)
    assert (after.noticed_at, after.planned_review_ends_at) == (at("11-01 08:00"), None)
    assert approves_itself(draft, OCTOBER.approval)
    assert statement(draft).silence_basis == "notice"


def test_review_days_count_from_a_late_notice_and_both_dates_are_kept(draft: Books) -> None:
    before = statement(draft)
    notice(draft, LATE)
    after = statement(draft)
    assert (before.review_ends_at, before.pay_from) == (at("11-08 00:00"), at("11-09 00:00"))
    assert (after.review_ends_at, after.pay_from) == (at("11-27 00:00"), at("11-28 00:00"))
    assert after.planned_review_ends_at == before.review_ends_at
    with read_session(draft.databases.main) as session:
        (move,) = pay_day_moves(session, [draft.brand_id])
    assert (move.from_on, move.to_on, move.reason_code) == ("2026-11-09", "2026-11-28", "noticed_late")
    assert not approves_itself(draft, "11-26 23:59")
    assert approves_itself(draft, "11-27 00:00")


def test_a_statement_shows_both_ends_of_its_review(draft: Books) -> None:
    assert "planned_review_ends_at" not in show(draft, "show", "11-02")
    notice(draft, LATE)
    shown = show(draft, "show", LATE)
    dates = (shown["review_ends_at"], shown["planned_review_ends_at"], shown["noticed_at"])
    assert dates == ("2026-11-27T00:00:00Z", "2026-11-08T00:00:00Z", "2026-11-20T10:00:00Z")
    assert approves_itself(draft, "11-27 00:00")
    assert show(draft, "show", "11-27 01:00")["planned_review_ends_at"] == "2026-11-08T00:00:00Z"


def test_a_notice_that_was_only_deferred_does_not_count(draft: Books) -> None:
    compose_all(draft, at(OCTOBER.closing))
    draft.write(lambda s: s.execute(text("update mail_message set state = 'deferred'")))
    assert draft.write(noticed_drafts) == []


def test_a_brand_can_say_that_silence_needs_no_notice(draft: Books) -> None:
    edit(draft, "11-02", approve_without_notice=True)
    assert approves_itself(draft, OCTOBER.approval)
    assert statement(draft).silence_basis == "rule"


@pytest.mark.parametrize("needs_notice", [True, False])
def test_silence_never_approves_above_the_limit_for_one_person(draft: Books, needs_notice: bool) -> None:
    notice(draft, "11-01 08:00")
    edit(draft, "11-02", second_person_above_minor=99_99)
    assert not approves_itself(draft, OCTOBER.approval, needs_notice=needs_notice)
    edit(draft, "11-09", second_person_above_minor=100_00)
    assert approves_itself(draft, "11-10", needs_notice=needs_notice)


def test_a_limit_at_the_time_of_the_draft_cannot_be_lifted_for_it(draft: Books) -> None:
    edit(draft, "10-31", second_person_above_minor=50_00)
    edit(draft, "11-02", second_person_above_minor=None)
    assert not approves_itself(draft, OCTOBER.approval, needs_notice=False)


def test_silence_without_its_notice_is_a_fault(draft: Books) -> None:
    notice(draft, "11-01 08:00")
    assert approves_itself(draft, OCTOBER.approval)
    with read_session(draft.databases.main) as session:
        assert list(silence_faults(session)) == []
    draft.write(lambda s: s.execute(text("update statement set noticed_at = null")))
    with read_session(draft.databases.main) as session:
        (fault,) = silence_faults(session)
    assert fault.subject_id == statement(draft).id


def approve(books: Books, when: str, actor: Actor) -> str:
    own = statement(books).id
    return str(books.write(lambda s: approve_by_person(s, at(when), own, actor=actor).state))


OLGA = Actor(ActorKind.USER, "backoffice.approve", "usr_olga")
FRITZ = Actor(ActorKind.USER, "backoffice.approve", "usr_fritz")


def test_below_the_limit_one_person_is_enough(draft: Books) -> None:
    edit(draft, "11-02", second_person_above_minor=100_00)
    assert approve(draft, "11-03", OLGA) == "approved"


@pytest.mark.parametrize("second", [FRITZ, PERSON])
def test_above_the_limit_two_different_persons_approve(draft: Books, second: Actor) -> None:
    edit(draft, "11-02", second_person_above_minor=99_99)
    assert approve(draft, "11-03", OLGA) == "draft"
    assert approve(draft, "11-03 13:00", OLGA) == "draft"
    assert approve(draft, "11-04", second) == "approved"
    assert (statement(draft).approved_by, statement(draft).silence_basis) == ("brand", None)


def test_the_command_line_counts_as_one_person(draft: Books) -> None:
    edit(draft, "11-02", second_person_above_minor=0)
    assert approve(draft, "11-03", PERSON) == "draft"
    assert approve(draft, "11-04", command_line("another command")) == "draft"
    assert approve(draft, "11-05", OLGA) == "approved"


def test_an_approval_counts_only_for_the_draft_that_was_seen(draft: Books) -> None:
    edit(draft, "11-02", second_person_above_minor=10_00)
    assert approve(draft, "11-03", OLGA) == "draft"
    draft.decide(hold, "1001", "11-03 13:00", reason="under_review")
    draft.decide(release, "1001", "11-03 14:00")
    assert approve(draft, "11-04", FRITZ) == "draft"
    assert approve(draft, "11-05", OLGA) == "approved"


def test_the_rules_of_approval_are_set_by_a_command(draft: Books) -> None:
    set_to = ask_brand(draft, "--second-person-above-minor", "50000", "--approve-without-notice")
    assert set_to["rules"][-1]["second_person_above_minor"] == 500_00
    assert set_to["rules"][-1]["approve_without_notice"] is True
    back = ask_brand(draft, "--second-person-above-minor", "off", "--approve-with-notice")
    assert back["rules"][-1]["second_person_above_minor"] is None
    assert back["rules"][-1]["approve_without_notice"] is False
    for wrong in ("-1", "12.50", "many"):
        with pytest.raises(AssertionError, match="off"):
            ask_brand(draft, "--second-person-above-minor", wrong)


def ask_brand(books: Books, *options: str) -> Any:
    terminal = Terminal(books.settings, BRAND_COMMANDS)
    return terminal.ask("brand", "edit", books.brand_id, *options)
