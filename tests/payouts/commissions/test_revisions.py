"""New evidence about a sale: one commission is live, the others stay with their reason (docs/money.md 4)."""

from typing import Any

import pytest

from config.database import read_session
from payouts.commissions.undecided import undecided_commissions
from payouts.statements.decisions.commissions import decline, hold, release
from payouts.statements.decisions.credit_commands import COMMANDS
from payouts.statements.decisions.undo import undo
from tests.cast.api import Terminal
from tests.cast.books import Books, add_creator, add_link, at
from tests.cast.people import PERSON
from tests.payouts.commissions.order_state import commissions, holds, report_again
from tracker.money import Money


def test_new_evidence_moves_a_held_credit(books: Books) -> None:
    bob = add_creator(books, "bob", connected=False, rate_bp=2000)
    books.sale("S1", 100_00, "10-01 12:00", click=books.click(books.link_id, "10-01 10:00"))
    books.refund("S1", 10_00, "10-02")
    report_again(books, "S1", 100_00, "10-01 12:00", books.click(bob.link_id, "10-01 11:00"), "10-03")
    assert commissions(books, "S1") == [(books.creator_id, False, 0), (bob.creator_id, True, 18_00)]
    assert books.balance().total_minor == 0
    assert books.balance(bob.creator_id).pending_minor == 18_00
    books.refund("S1", 90_00, "10-04")
    assert books.balance(bob.creator_id).total_minor == 0
    assert books.faults() == []


def test_new_evidence_for_the_same_credit_moves_no_money(books: Books) -> None:
    books.sale("S1", 100_00, "10-01 12:00", click=books.click(books.link_id, "10-01 10:00"))
    report_again(books, "S1", 100_00, "10-01 12:00", books.click(books.link_id, "10-01 11:00"), "10-03")
    assert commissions(books, "S1") == [(books.creator_id, True, 10_00)]
    assert books.commission("S1").revision == 2
    assert books.faults() == []


def test_alternating_evidence_leaves_one_live_commission_and_full_history(books: Books) -> None:
    bob = add_creator(books, "bob", connected=False)
    sold = "10-01 12:00"
    books.sale("S1", 100_00, sold, click=books.click(books.link_id, "10-01 08:00"))
    for hour, link_id in (("09", bob.link_id), ("10", books.link_id), ("11", bob.link_id)):
        token = books.click(link_id, f"10-01 {hour}:00")
        report_again(books, "S1", 100_00, sold, token, f"10-02 {hour}:00")
    assert [(live, worth) for _who, live, worth in commissions(books, "S1")] == [
        (False, 0),
        (False, 0),
        (False, 0),
        (True, 10_00),
    ]
    assert (books.balance().total_minor, books.balance(bob.creator_id).total_minor) == (0, 10_00)
    assert books.faults() == []


def test_new_evidence_after_release_becomes_a_credit_dispute(books: Books) -> None:
    bob = add_creator(books, "bob", connected=False)
    books.sale("S1", 100_00, "10-01 12:00", click=books.click(books.link_id, "10-01 10:00"))
    books.run_jobs(at("11-01"))
    report_again(books, "S1", 100_00, "10-01 12:00", books.click(bob.link_id, "10-01 11:00"), "11-02")
    assert commissions(books, "S1") == [(books.creator_id, True, 10_00)]
    with read_session(books.databases.main) as session:
        (found,) = undecided_commissions(session, books.brand_id)
    assert (found.order_id, found.worth) == ("S1", Money(10_00, "EUR"))
    assert (found.credited.name, found.claimant and found.claimant.name) == ("Anna", "bob")


def test_credit_dispute_is_listed_until_declined(books: Books) -> None:
    bob = add_creator(books, "bob", connected=False)
    books.sale("S1", 100_00, "10-01 12:00", click=books.click(books.link_id, "10-01 08:00"))
    books.run_jobs(at("11-01"))
    for hour, link_id in (("09", books.link_id), ("10", bob.link_id)):
        token = books.click(link_id, f"10-01 {hour}:00")
        report_again(books, "S1", 100_00, "10-01 12:00", token, f"11-02 {hour}:00")
    terminal = Terminal(books.settings, COMMANDS)
    undecided = ("credit", "show", "--brand", books.brand_id)
    (shown,) = terminal.ask(*undecided)
    assert shown["commission"] == books.commission("S1").id
    assert (shown["credited"]["name"], shown["evidence_for"]["id"]) == ("Anna", bob.creator_id)
    assert (shown["reason_code"], shown["reason_parameters"]["model"]) == ("click_decides", "last")
    assert shown["reason"] in terminal.run(*undecided).stdout
    assert "order S1" in terminal.run(*undecided).stdout
    assert "linkledger credit confirm" in terminal.run(*undecided).stdout

    books.write(
        lambda s: decline(s, at("11-03"), shown["commission"], reason="other", note="Bob's", actor=PERSON)
    )
    assert terminal.ask(*undecided) == []


def test_evidence_that_again_credits_the_same_creator_needs_no_decision(books: Books) -> None:
    bob = add_creator(books, "bob", connected=False)
    books.sale("S1", 100_00, "10-01 12:00", click=books.click(books.link_id, "10-01 08:00"))
    books.run_jobs(at("11-01"))
    for hour, link_id in (("09", bob.link_id), ("10", books.link_id)):
        token = books.click(link_id, f"10-01 {hour}:00")
        report_again(books, "S1", 100_00, "10-01 12:00", token, f"11-02 {hour}:00")
    with read_session(books.databases.main) as session:
        assert undecided_commissions(session, books.brand_id) == []


def test_dispute_hold_moves_to_the_newly_credited_creator(books: Books) -> None:
    bob = add_creator(books, "bob", connected=False)
    books.sale("S1", 100_00, "10-01 12:00", click=books.click(books.link_id, "10-01 10:00"))
    books.dispute("S1", "opened", 40_00, "10-02")
    report_again(books, "S1", 100_00, "10-01 12:00", books.click(bob.link_id, "10-01 11:00"), "10-03")
    books.run_jobs(at("11-20"))
    assert books.balance(bob.creator_id).pending_minor == 10_00
    books.dispute("S1", "lost", 40_00, "11-21")
    books.run_jobs(at("11-22"))
    assert books.balance(bob.creator_id).payable_minor == 6_00
    assert (books.balance().total_minor, books.faults()) == (0, [])


def test_a_brands_hold_survives_new_evidence(books: Books) -> None:
    bob = add_creator(books, "bob", connected=False)
    books.sale("S1", 100_00, "10-01 12:00", click=books.click(books.link_id, "10-01 10:00"))
    commission_id = books.commission("S1").id
    books.write(lambda s: hold(s, at("10-02"), commission_id, reason="under_review", actor=PERSON))
    report_again(books, "S1", 100_00, "10-01 12:00", books.click(bob.link_id, "10-01 11:00"), "10-03")
    assert holds(books, "S1") == ["under_review: the brand is looking into it"]
    books.run_jobs(at("11-20"))
    assert books.balance(bob.creator_id).pending_minor == 10_00


def test_brand_can_hold_a_moved_commission_again(books: Books) -> None:
    bob = add_creator(books, "bob", connected=False)
    books.sale("S1", 100_00, "10-01 12:00", click=books.click(books.link_id, "10-01 10:00"))

    def decide(what: Any, when: str, **reason: str) -> None:
        commission_id = books.commission("S1").id
        books.write(lambda s: what(s, at(when), commission_id, actor=PERSON, **reason))

    for day in ("10-02", "10-03"):
        decide(hold, f"{day} 10:00", reason="under_review")
        decide(release, f"{day} 11:00")
    decide(hold, "10-04", reason="under_review")
    report_again(books, "S1", 100_00, "10-01 12:00", books.click(bob.link_id, "10-01 11:00"), "10-05")
    for day in ("10-06", "10-07", "10-08", "10-09"):
        decide(release, f"{day} 10:00")
        assert holds(books, "S1") == []
        decide(hold, f"{day} 11:00", reason="under_review")
        assert len(holds(books, "S1")) == 1


@pytest.mark.parametrize("whose", ["the same creator's other link", "another creator's"])
def test_declined_sale_is_held_when_credited_again(books: Books, whose: str) -> None:
    """New evidence may move the credit, but only a person can let it be paid again."""
    if whose == "another creator's":
        other = add_creator(books, "bob", connected=False)
        creator_id, link_id = other.creator_id, other.link_id
    else:
        creator_id, link_id = books.creator_id, add_link(books, "better", rate_bp=1200)
    books.sale("S1", 100_00, "10-01 12:00", click=books.click(books.link_id, "10-01 10:00"))
    declined = books.commission("S1").id
    books.write(lambda s: decline(s, at("10-02"), declined, reason="self_purchase", actor=PERSON))
    report_again(books, "S1", 100_00, "10-01 12:00", books.click(link_id, "10-01 11:00"), "10-03")
    books.run_jobs(at("11-20"))
    assert books.balance(creator_id).payable_minor == 0
    (reason,) = holds(books, "S1")
    assert "self_purchase" in reason
    again = books.commission("S1").id
    books.write(lambda s: release(s, at("11-21"), again, actor=PERSON))
    books.run_jobs(at("11-22"))
    assert books.balance(creator_id).payable_minor == (10_00 if whose == "another creator's" else 12_00)
    assert books.faults() == []


def test_a_test_sale_earns_nothing(books: Books) -> None:
    books.sale("S1", 100_00, "10-01", test=True)
    books.refund("S1", 10_00, "10-02")
    assert commissions(books, "S1") == []
    assert books.balance().total_minor == 0


def test_a_sale_without_evidence_earns_nothing_until_evidence_comes(books: Books) -> None:
    books.sale("S1", 100_00, "10-01 12:00", click=None)
    assert commissions(books, "S1") == []
    report_again(books, "S1", 100_00, "10-01 12:00", books.click(books.link_id, "10-01 11:00"), "10-03")
    assert commissions(books, "S1") == [(books.creator_id, True, 10_00)]


def test_a_decline_that_was_undone_does_not_hold_the_sale_when_it_is_credited_again(books: Books) -> None:
    bob = add_creator(books, "bob", connected=False)
    books.sale("S1", 100_00, "10-01 12:00", click=books.click(books.link_id, "10-01 10:00"))
    declined = books.decide(decline, "S1", "10-02 10:00", reason="self_purchase")
    books.write(lambda s: undo(s, at("10-02 11:00"), declined, actor=PERSON))
    report_again(books, "S1", 100_00, "10-01 12:00", books.click(bob.link_id, "10-01 11:00"), "10-03")
    assert holds(books, "S1") == []
    assert books.balance(bob.creator_id).pending_minor == 10_00
    assert books.faults() == []
