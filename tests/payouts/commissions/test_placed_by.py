"""By what a hold was placed, and of which commissions a person can decide."""

import pytest
from sqlalchemy import select, update

from config.database import read_session
from payouts.commissions.models import Commission, Hold
from payouts.statements.commands import COMMANDS
from payouts.statements.decisions.commissions import decline, hold, release
from tests.cast.api import Terminal
from tests.cast.books import Books, add_creator, add_link, at
from tests.cast.people import PERSON
from tests.cast.programs import add_program
from tests.payouts.commissions.order_state import change_hold, holds, open_hold, report_again
from tests.payouts.commissions.suspects import SOLD
from tracker.errors import Conflict, NotFound


@pytest.mark.parametrize(
    ("placed_by", "is_released"),
    [("person", True), ("carried_over", True), ("rule", True), ("event", False), ("dispute", False)],
)
def test_a_person_lifts_a_hold_by_what_it_was_placed_by(
    books: Books, placed_by: str, is_released: bool
) -> None:
    """Neither its words nor its cause say it."""
    books.sale("S1", 100_00, "10-01")
    books.decide(hold, "S1", "10-02", reason="other", note="evt_ review: dispute")
    change_hold(books, "S1", placed_by=placed_by, cause_id="evt_like")
    (listed,) = Terminal(books.settings, COMMANDS).run("commission", "held").stdout.split("\n\n")
    assert ("linkledger commission release" in listed) is is_released
    if is_released:
        books.decide(release, "S1", "10-03")
    else:
        with pytest.raises(NotFound, match="evt_ review: dispute"):
            books.decide(release, "S1", "10-03")
    assert bool(holds(books, "S1")) is not is_released


def test_a_hold_that_an_older_process_placed_during_an_upgrade_is_known_by_its_cause(books: Books) -> None:
    books.sale("S1", 100_00, "10-01")
    books.sale("S2", 100_00, "10-01")
    books.run_jobs(at("11-01"))
    books.decide(hold, "S1", "11-02", reason="under_review")
    refund = {"order_id": "S2", "refund_id": "r", "occurred_at": at("11-02").isoformat()}
    parked = books.report("refund.created", refund | {"currency": "USD", "amount": 1}, "parked", at("11-02"))
    assert open_hold(books, "S2").cause_id == parked.event_id
    for order in ("S1", "S2"):
        change_hold(books, order, placed_by=None)
    books.decide(release, "S1", "11-03")
    with pytest.raises(NotFound, match="waits for a decision"):
        books.decide(release, "S2", "11-03")


def test_a_hold_for_a_missing_cost_that_an_older_process_placed_is_carried_over_as_that_of_a_rule(
    books: Books,
) -> None:
    """It keeps its cause, so that the same rule does not hold the commission twice."""
    profit = add_link(books, "profit", add_program(books, rate_bp=5000, base="profit"))
    bob = add_creator(books, "bob", connected=False)
    books.sale("S1", 100_00, SOLD, click=books.click(profit, "10-01 08:00"))
    cause_id = open_hold(books, "S1").cause_id
    change_hold(books, "S1", placed_by=None)
    for link_id, clicked, now in ((bob.link_id, "10-01 09:00", "10-03"), (profit, "10-01 09:30", "10-04")):
        report_again(books, "S1", 100_00, SOLD, books.click(link_id, clicked), now)
        placed = open_hold(books, "S1")
        assert (placed.placed_by, placed.cause_id) == ("rule", cause_id)


def test_what_placed_a_hold_is_stored_with_it(books: Books) -> None:
    link_id = add_link(books, "profit", add_program(books, rate_bp=5000, base="profit"))
    books.sale("cost", 100_00, "10-01", click=books.click(link_id, "10-01"))
    books.sale("dispute", 100_00, "10-01")
    books.dispute("dispute", "opened", 10_00, "10-02")
    books.sale("person", 100_00, "10-01")
    books.decide(hold, "person", "10-02", reason="under_review")
    with read_session(books.databases.main) as session:
        placed = {each.reason_code: (each.placed_by, each.kind) for each in session.scalars(select(Hold))}
    assert placed == {
        "cost_missing": ("rule", "review"),
        "dispute_open": ("dispute", "dispute"),
        "under_review": ("person", "review"),
    }


def test_a_decision_about_a_replaced_commission_names_the_one_that_replaced_it(books: Books) -> None:
    bob = add_creator(books, "bob", connected=False)
    books.sale("S1", 100_00, SOLD, click=books.click(books.link_id, "10-01 08:00"))
    replaced = books.commission("S1").id
    report_again(books, "S1", 100_00, SOLD, books.click(bob.link_id, "10-01 09:00"), "10-03")
    with pytest.raises(Conflict, match=f"now {books.commission('S1').id}: decide about that one"):
        books.write(lambda s: decline(s, at("10-04"), replaced, reason="breach", actor=PERSON))


def test_a_decision_about_a_commission_that_ended_without_another_says_so(books: Books) -> None:
    """Its evidence credits nobody any more."""
    books.sale("S1", 100_00, SOLD)
    ended = books.commission("S1").id
    books.write(lambda s: s.execute(update(Commission).where(Commission.id == ended).values(live=False)))
    with pytest.raises(Conflict, match="The sale has no commission now"):
        books.write(lambda s: decline(s, at("10-03"), ended, reason="breach", actor=PERSON))
