"""A creator is removed for cause: what is not paid yet is held with the cause, for 30 days."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from config.database import read_session
from payouts.commissions.holds.ending import end_holds
from payouts.commissions.models import Hold
from payouts.commissions.release import release_due
from payouts.statements.commands import COMMANDS
from payouts.statements.creator_commands import COMMANDS as CREATOR_COMMANDS
from payouts.statements.decisions.commissions import decline, hold, release
from payouts.statements.removal import remove_and_hold
from tests.cast.api import Terminal
from tests.cast.books import Books, add_creator, add_link, at
from tests.cast.months import DEFAULT_SEED, seed_after
from tests.cast.people import PERSON
from tests.cast.programs import add_program
from tests.harness.databases.snapshots import database_seed_for
from tests.payouts.commissions.order_state import ZERO_BALANCES, balances_of, holds, open_hold
from tests.payouts.commissions.test_concurrency import race
from tests.payouts.test_worked_example import split
from tracker.errors import Conflict, NotFound
from tracker.ids import new_id
from tracker.programs.leaving import readmit_creator

CAUSE = "bought through their own link"
REASON = f"removed for cause: {CAUSE}"


def close_october(books: Books) -> None:
    """130.00 are released on October's draft: 100.00 of S1, 30.00 of S2."""
    books.sale("S1", 1000_00, "10-01")
    books.sale("S2", 300_00, "10-01")
    books.end("2026-10", "11-01 00:05")


database_seed = database_seed_for(draft=seed_after(close_october), books=DEFAULT_SEED)


@pytest.fixture
def draft(books: Books) -> Books:
    return books


def remove(books: Books, when: str, cause: str | None = CAUSE, program_id: str | None = None) -> list[str]:
    """Returns the ids of the commissions that are held."""

    def work(session: Any) -> list[str]:
        ids = {"brand_id": books.brand_id, "creator_id": books.creator_id}
        _ended, held = remove_and_hold(
            session, at(when), actor=PERSON, **ids, program_id=program_id, cause=cause
        )
        return [each.id for each in held]

    held: list[str] = books.write(work)
    return held


def end_and_release(books: Books, when: str) -> None:
    books.write(lambda s: end_holds(s, at(when), 100))
    books.run_jobs(at(when))


def removal_holds(books: Books) -> Sequence[Hold]:
    with read_session(books.databases.main) as session:
        return session.scalars(select(Hold).where(Hold.placed_by == "removal").order_by(Hold.id)).all()


def test_what_a_draft_released_is_not_paid_after_a_removal_for_cause(draft: Books) -> None:
    assert len(remove(draft, "11-05")) == 2
    assert balances_of(draft) == (130_00, 0, 0)
    assert holds(draft, "S1") == holds(draft, "S2") == [REASON]
    assert {each.ends_at for each in removal_holds(draft)} == {at("12-05")}
    sealed = draft.approve("2026-10", "11-08")
    assert split(sealed) == {"held": 130_00}
    assert not draft.pay("11-09").paid
    assert draft.faults() == []


def test_each_line_is_declined_or_released_within_thirty_days(draft: Books) -> None:
    draft.approve("2026-10", "11-08")
    remove(draft, "11-08 18:00")
    assert not draft.pay("11-09").paid
    draft.decide(decline, "S1", "11-20", reason="breach", evidence="bought clicks")
    assert balances_of(draft) == (30_00, 0, 0)
    end_and_release(draft, "12-08 17:59")
    assert balances_of(draft) == (30_00, 0, 0)
    end_and_release(draft, "12-08 18:01")
    assert (balances_of(draft), draft.faults()) == ((0, 30_00, 0), [])


def test_a_person_releases_a_line_of_a_removed_creator(draft: Books) -> None:
    remove(draft, "11-05")
    draft.decide(release, "S2", "11-06", note="that one was fine")
    draft.run_jobs(at("11-06 13:00"))
    assert balances_of(draft) == (100_00, 30_00, 0)


def test_money_that_is_under_way_is_held_when_it_is_open_again(draft: Books) -> None:
    draft.approve("2026-10", "11-08")
    draft.sandbox.control.queue_fault("drop_before")
    assert draft.run("11-09").pay(draft.brand_id, early=True).unknown
    assert len(remove(draft, "11-10")) == 2
    assert balances_of(draft) == (0, 0, 130_00)
    assert holds(draft, "S1") == [REASON]


def test_what_was_paid_is_not_held(draft: Books) -> None:
    draft.approve("2026-10", "11-08")
    assert draft.pay("11-09").paid
    draft.sale("S3", 500_00, "11-09 15:00")
    assert remove(draft, "11-10") == [draft.commission("S3").id]
    assert (holds(draft, "S1"), balances_of(draft)) == ([], (50_00, 0, 0))


def test_a_line_that_is_held_already_is_held_for_the_cause_too(draft: Books) -> None:
    draft.sale("S3", 500_00, "11-02")
    draft.decide(hold, "S3", "11-03", reason="under_review")
    remove(draft, "11-05")
    assert len(holds(draft, "S3")) == 2


def test_who_just_leaves_is_paid_as_before(draft: Books) -> None:
    assert remove(draft, "11-05", cause=None) == []
    draft.approve("2026-10", "11-08")
    assert draft.pay("11-09").paid
    assert balances_of(draft) == ZERO_BALANCES


def test_only_lines_of_that_creator_and_that_program_are_held(draft: Books) -> None:
    other = add_program(draft, rate_bp=1000)
    bob = add_creator(draft, "bob", connected=False)
    draft.sale("S3", 500_00, "11-02", click=draft.click(add_link(draft, "second", other), "11-02 08:00"))
    draft.sale("S4", 500_00, "11-02", click=draft.click(bob.link_id, "11-02 08:00"))
    assert remove(draft, "11-05", program_id=other) == [draft.commission("S3").id]
    assert [bool(holds(draft, order)) for order in ("S1", "S3", "S4")] == [False, True, False]


def test_a_sale_that_is_booked_after_the_removal_but_was_made_before_is_credited_and_not_held(
    draft: Books,
) -> None:
    remove(draft, "11-05")
    draft.sale("S3", 500_00, "11-04")
    draft.run_jobs(at("11-06"))
    assert (draft.commission("S3").creator_id, holds(draft, "S3")) == (draft.creator_id, [])


def test_a_second_removal_is_refused_and_holds_nothing_again(draft: Books) -> None:
    remove(draft, "11-05")
    draft.decide(release, "S1", "11-06")
    with pytest.raises(Conflict, match="already removed"):
        remove(draft, "11-07", cause="again")
    assert holds(draft, "S1") == []


def test_a_removal_at_an_unknown_brand_is_refused(draft: Books) -> None:
    unknown = {"brand_id": new_id("brd", at("11-05")), "creator_id": draft.creator_id}
    with pytest.raises(NotFound):
        draft.write(lambda s: remove_and_hold(s, at("11-05"), actor=PERSON, **unknown, cause=CAUSE))


def test_a_removal_after_a_readmission_holds_what_is_unpaid_with_its_own_cause(draft: Books) -> None:
    remove(draft, "11-05")
    draft.decide(release, "S1", "11-06")
    ids = {"brand_id": draft.brand_id, "creator_id": draft.creator_id}
    draft.write(lambda s: readmit_creator(s, at("11-06"), actor=PERSON, **ids))
    draft.run_jobs(at("11-06 13:00"))
    remove(draft, "11-07", cause="again")
    assert holds(draft, "S1") == ["removed for cause: again"]
    assert holds(draft, "S2") == [REASON, "removed for cause: again"]
    assert balances_of(draft) == (130_00, 0, 0)
    assert draft.faults() == []


def test_two_removals_at_once_hold_each_line_once(draft: Books) -> None:
    ids = {"brand_id": draft.brand_id, "creator_id": draft.creator_id}
    race(
        draft,
        lambda s: remove_and_hold(s, at("11-05"), actor=PERSON, **ids, cause=CAUSE),
        lambda s: remove_and_hold(s, at("11-05 12:01"), actor=PERSON, **ids, cause="the slower one"),
    )
    assert [each.reason for each in removal_holds(draft)] == [REASON] * 2
    assert (balances_of(draft), draft.faults()) == ((130_00, 0, 0), [])


def test_a_release_that_waits_for_the_removal_finds_the_hold(books: Books) -> None:
    books.sale("S1", 1000_00, "10-01")
    ids = {"brand_id": books.brand_id, "creator_id": books.creator_id}
    race(
        books,
        lambda s: remove_and_hold(s, at("10-20"), actor=PERSON, **ids, cause=CAUSE),
        lambda s: release_due(s, at("11-05"), 100),
    )
    assert (balances_of(books), open_hold(books, "S1").placed_by) == ((100_00, 0, 0), "removal")


def test_a_person_removes_a_creator_on_the_command_line(draft: Books) -> None:
    terminal = Terminal(draft.settings, (*COMMANDS, *CREATOR_COMMANDS))
    removal = ("creator", "remove", draft.creator_id, "--brand", draft.brand_id)
    text = terminal.run(*removal, "--for-cause", CAUSE).stdout
    assert f"{draft.creator_id} was removed for cause from {draft.program_id}" in text
    assert "Unpaid commissions held for 30 days: 2." in text
    held = terminal.ask("commission", "held")
    assert [each["holds"][0]["why"] for each in held] == [REASON] * 2
    assert {each["holds"][0]["placed_by"] for each in held} == {"removal"}
    assert "already removed" in terminal.refused(*removal, "--for-cause", CAUSE)
    [active] = terminal.ask("creator", "readmit", draft.creator_id, "--brand", draft.brand_id)
    assert (active["state"], active["removal_reason"]) == ("active", CAUSE)
    assert active["readmitted_at"] >= active["removed_at"]
