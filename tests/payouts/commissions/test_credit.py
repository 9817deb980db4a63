"""Newer evidence for a commission that was released before: a person sees both sides, and decides."""

import pytest

from config.database import read_session
from payouts.commissions.credit import Consequence, consequence_of_move, keep_credit, move_credit
from payouts.commissions.entries import locked_commission
from payouts.commissions.undecided import undecided_commissions
from payouts.statements.commands import COMMANDS
from payouts.statements.decisions.commissions import hold
from payouts.statements.decisions.credit_commands import COMMANDS as CREDIT
from tests.cast.api import Terminal
from tests.cast.books import Books, add_creator, at
from tests.cast.months import OCTOBER, seal
from tests.payouts.commissions.order_state import balances_of, commissions, report_again
from tracker.errors import NotFound
from tracker.money import Money

SOLD = "10-01 12:00"


def sell(books: Books) -> Books:
    """A sale of Anna that is released on 31 October. Returns the books of Bob."""
    bob = add_creator(books, "bob", connected=False, rate_bp=2000)
    books.sale("S1", 100_00, SOLD, click=books.click(books.link_id, "10-01 10:00"))
    return bob


def evidence_for(books: Books, bob: Books, when: str) -> None:
    report_again(books, "S1", 100_00, SOLD, books.click(bob.link_id, "10-01 11:00"), when)


def consequence(books: Books, when: str) -> Consequence:
    with read_session(books.databases.main) as session:
        return consequence_of_move(session, at(when), books.commission("S1"))


def move(books: Books, when: str) -> None:
    commission_id = books.commission("S1").id
    books.write(lambda s: move_credit(s, at(when), locked_commission(s, commission_id)))


def test_a_line_that_was_released_and_is_held_again_does_not_change_hands_by_itself(
    books: Books,
) -> None:
    bob = sell(books)
    seal(books, OCTOBER)
    books.decide(hold, "S1", "11-08 13:00", reason="under_review")
    evidence_for(books, bob, "11-08 14:00")
    books.run_jobs(at("11-20"))
    assert commissions(books, "S1") == [(books.creator_id, True, 10_00)]
    with read_session(books.databases.main) as session:
        assert len(undecided_commissions(session, books.brand_id)) == 1
    move(books, "11-21")
    assert balances_of(books) == (0, 0, 0)
    assert books.balance(bob.creator_id).pending_minor == 20_00
    assert books.faults() == []


def test_both_sides_of_moving_an_unpaid_credit_are_shown_and_come_true(books: Books) -> None:
    bob = sell(books)
    books.refund("S1", 10_00, "10-20")
    seal(books, OCTOBER)
    evidence_for(books, bob, "11-08 14:00")
    shown = consequence(books, "11-20")
    assert (shown.leaves, shown.paid) == (Money(9_00, "EUR"), Money(0, "EUR"))
    assert (shown.claimant_gets, shown.release_at) == (Money(18_00, "EUR"), at("11-27"))
    move(books, "11-20")
    assert balances_of(books) == (0, 0, 0)
    assert books.balance(bob.creator_id).pending_minor == 18_00
    assert books.commission("S1").release_at == at("11-27")
    books.run_jobs(at("11-28"))
    assert books.balance(bob.creator_id).payable_minor == 18_00
    assert books.faults() == []


def test_a_creator_owes_what_was_paid_when_the_credit_moves(books: Books) -> None:
    bob = sell(books)
    books.sale("S2", 900_00, SOLD)
    seal(books, OCTOBER)
    assert books.pay(OCTOBER.payday).paid
    evidence_for(books, bob, "11-10")
    assert consequence(books, "11-20").paid == Money(10_00, "EUR")
    move(books, "11-20")
    assert balances_of(books) == (0, -10_00, 0)
    assert books.balance(bob.creator_id).pending_minor == 20_00
    assert books.faults() == []


def test_without_newer_evidence_there_is_nothing_to_decide(books: Books) -> None:
    sell(books)
    books.run_jobs(at("11-01"))
    books.report(
        "sale.created",
        books.sale_data("S1", 100_00, SOLD, click=None, coupons=["NOBODY"]),
        "again",
        at("11-02"),
    )
    with pytest.raises(NotFound, match="nothing to decide"):
        consequence(books, "11-03")


def test_a_credit_that_is_kept_needs_no_further_decision(books: Books) -> None:
    bob = sell(books)
    books.run_jobs(at("11-01"))
    evidence_for(books, bob, "11-02")
    commission_id = books.commission("S1").id
    books.write(lambda s: keep_credit(s, at("11-03"), locked_commission(s, commission_id), "agreed"))
    with pytest.raises(NotFound, match="nothing to decide"):
        consequence(books, "11-04")
    with pytest.raises(NotFound, match="nothing to decide"):
        move(books, "11-04")
    assert commissions(books, "S1") == [(books.creator_id, True, 10_00)]
    assert books.faults() == []


def test_the_commands_show_both_sides_and_move_the_credit_once(books: Books) -> None:
    bob = sell(books)
    seal(books, OCTOBER)
    evidence_for(books, bob, "11-08 14:00")
    terminal = Terminal(books.settings, (*COMMANDS, *CREDIT))
    (shown,) = terminal.ask("credit", "show", "--brand", books.brand_id)
    assert (shown["credited_loses"]["minor"], shown["of_which_paid"]["minor"]) == (10_00, 0)
    assert (shown["evidence_for"]["name"], shown["claimant_gets"]["minor"]) == ("bob", 20_00)
    words = terminal.run("credit", "show", "--brand", books.brand_id).stdout
    assert "If the credit moves, Anna loses 10.00 EUR; bob would get 20.00 EUR, released on" in words

    moved = terminal.ask("credit", "confirm", shown["commission"], "--note", "agreed with both")
    assert moved["moved_to"] == books.commission("S1").id
    assert terminal.ask("credit", "show", "--brand", books.brand_id) == []
    (decision,) = terminal.ask("commission", "decisions", shown["commission"])
    assert (decision["kind"], decision["note"]) == ("move_credit", "agreed with both")
    for command in ("confirm", "keep"):
        assert (
            "was replaced because of new evidence"
            in terminal.run("credit", command, shown["commission"]).stderr
        )
    assert books.faults() == []
