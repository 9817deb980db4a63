"""Money that came back waits for a decision, for 14 days at most. All by the commands."""

from functools import partial
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from config.database import read_session
from payouts.commissions.entries import entries_of
from payouts.commissions.models import Entry
from payouts.settlement.models import TransferReversal
from payouts.transfers.models import Payee
from payouts.transfers.returned.decisions import send_again
from payouts.transfers.sandbox.server import SANDBOX_KEY
from payouts.transfers.stripe.client import StripeRail
from tests.cast.books import Books, at
from tests.cast.months import (
    DECEMBER,
    DEFAULT_SEED,
    NOVEMBER,
    OCTOBER,
    later,
    only_payout,
    payouts_of,
    seal,
    seed_after,
    sell_and_release,
    transfers_in,
)
from tests.harness.databases.snapshots import database_seed_for
from tests.harness.processes.threads import run_concurrently
from tests.payouts.transfers.runs.provider import at_terminal
from tracker.audit.actors import Actor, ActorKind
from tracker.errors import Conflict

RETURNED = ("--reason-code", "returned", "--evidence", "parcel 17")


def pay_1000(books: Books) -> None:
    """1,000 for October, of which the commissions of S1 and S2 are 100 and 900."""
    sell_and_release(books, "S1", 100_00)
    sell_and_release(books, "S2", 900_00)
    seal(books, OCTOBER)
    assert books.run(OCTOBER.payday).pay(books.brand_id).paid


database_seed = database_seed_for(paid=seed_after(pay_1000), books=DEFAULT_SEED)


@pytest.fixture
def paid(books: Books) -> Books:
    return books


def ask(books: Books, when: str, *arguments: str) -> Any:
    with at_terminal(books, when) as terminal:
        return terminal.ask("payout", *arguments)


def refused(books: Books, when: str, *arguments: str) -> str:
    with at_terminal(books, when) as terminal:
        result = terminal.run("payout", *arguments, "--json")
        assert (result.exit_code != 0, result.stdout) == (True, ""), result.output
        return result.stderr


def come_back(books: Books, amount: int, when: str, *, seen: str = "") -> str:
    """The brand takes a part of the transfer back in the provider's dashboard. Returns the reversal.

    `seen`: when the books are compared with the rail, by default at once.
    """
    (transfer, *_others) = transfers_in(books.sandbox)
    with time_machine.travel(at(when)):
        rail = StripeRail(SANDBOX_KEY, books.sandbox.url)
        assert rail.reverse_transfer(transfer["id"], amount, f"back {when}", {}).kind == "paid"
    ask(books, seen or later(when, minutes=1), "reconcile")
    newest = select(TransferReversal.reversal_ref).order_by(TransferReversal.recorded_at.desc()).limit(1)
    with read_session(books.databases.main) as session:
        return session.scalars(newest).one()


def pay(books: Books, when: str) -> list[int]:
    return [each["amount"]["minor"] for each in ask(books, when, "run", "--brand", books.brand_id)["paid"]]


def test_money_that_came_back_is_not_sent_again_until_14_days_have_passed(paid: Books) -> None:
    """The brand takes a transfer back in Stripe's dashboard and declines nothing."""
    reversal = come_back(paid, 300_00, "11-28")
    seal(paid, NOVEMBER)
    assert pay(paid, NOVEMBER.payday) == []
    (listed,) = ask(paid, NOVEMBER.payday, "returned", "list", "--brand", paid.brand_id)
    assert (listed["reversal"], listed["payout"]) == (reversal, only_payout(paid).id)
    assert (listed["decision"], listed["waits_until"][:16]) == (None, "2026-12-12T12:01")
    assert pay(paid, "12-12 12:00") == []
    assert pay(paid, "12-12 12:02") == [300_00]
    assert paid.faults("12-13") == []


def test_what_is_sent_again_is_paid_with_the_statement_of_the_day_on_which_it_came_back(
    paid: Books,
) -> None:
    reversal = come_back(paid, 300_00, "11-28", seen="12-03")
    decided = ask(paid, "12-04", "returned", "send-again", reversal, "--note", "closed account")
    assert (decided["decision"], decided["note"]) == ("send_again", "closed account")
    assert decided["decided_by"] == {"kind": "cli", "id": None, "entry_point": "payout returned send-again"}
    assert decided["came_back_at"].startswith("2026-11-28T12:00")
    assert decided["recorded_at"].startswith("2026-12-03T12:00")
    statement = paid.close("2026-11", "12-04 13:00")
    assert statement["equation"]["payments"]["minor"] == 700_00
    paid.approve("2026-11", NOVEMBER.approval)
    assert pay(paid, NOVEMBER.payday) == [300_00]
    assert paid.balance().total_minor == 0
    (first, again) = payouts_of(paid)
    (shown,) = ask(paid, NOVEMBER.payday, "show", first.id)["returned"]
    assert (shown["amount"]["minor"], shown["decision"], shown["waits_until"]) == (300_00, "send_again", None)
    assert ask(paid, NOVEMBER.payday, "show", again.id)["returned"] == []
    assert paid.faults("12-10") == []


def test_what_was_taken_back_by_a_deduction_is_not_paid_and_lowers_nothing_else(paid: Books) -> None:
    reversal = come_back(paid, 300_00, "11-20")
    paid.sale("S3", 800_00, "10-25")
    paid.run_jobs(at("11-25"))
    ask(paid, "12-03", "returned", "taken-back", reversal, "--deduct-rest", "--note", "agreed")
    assert paid.balance().payable_minor == 80_00
    seal(paid, NOVEMBER)
    assert pay(paid, NOVEMBER.payday) == [80_00]
    assert paid.balance().total_minor == 0
    statement = paid.close("2026-12", "2027-01-01T00:05:00")
    (adjustment,) = statement["creators"][0]["adjustments"]
    assert adjustment["amount"]["minor"] == -300_00
    assert adjustment["reason"] == f"taken back with {reversal}: agreed"
    assert paid.faults("2027-01-02T00:00:00") == []


def test_taken_back_declines_commissions_that_the_payout_had_paid_and_deducts_the_rest(paid: Books) -> None:
    reversal, commission = come_back(paid, 300_00, "11-20"), paid.commission("S1").id
    decline = ("returned", "taken-back", reversal, "--decline", commission, *RETURNED)
    error = refused(paid, "11-21", *decline)
    assert "300.00 EUR came back, but 100.00 EUR is declined" in error
    assert paid.balance().payable_minor == 300_00
    with at_terminal(paid, "11-21") as terminal:
        output = terminal.run("payout", *decline, "--deduct-rest").output
    assert "100.00 EUR was declined, 200.00 EUR was deducted" in output
    assert paid.balance().payable_minor == 0
    assert [each.kind for each in entries(paid, commission)][-1] == "decline"
    seal(paid, NOVEMBER)
    assert pay(paid, NOVEMBER.payday) == []
    assert paid.faults("12-10") == []


def entries(books: Books, commission_id: str) -> list[Entry]:
    with read_session(books.databases.main) as session:
        return entries_of(session, commission_id)


def test_declines_of_more_than_came_back_or_of_other_commissions_are_refused(paid: Books) -> None:
    paid.sale("S3", 50_00, "11-02")
    reversal = come_back(paid, 300_00, "11-20")
    for order, words in (("S2", "900.00 EUR is declined"), ("S3", "is not a commission that pay_")):
        commission = paid.commission(order).id
        arguments = ("returned", "taken-back", reversal, "--decline", commission, "--deduct-rest")
        assert "Say with --reason-code" in refused(paid, "11-21", *arguments)
        assert words in refused(paid, "11-21", *arguments, *RETURNED)
    assert ask(paid, "11-22", "returned", "list")[0]["decision"] is None
    assert paid.balance().payable_minor == 300_00


def test_a_second_decision_is_refused_and_names_the_first_one(paid: Books) -> None:
    reversal = come_back(paid, 300_00, "11-20")
    ask(paid, "11-21", "returned", "taken-back", reversal, "--deduct-rest")
    for command in (("send-again", reversal), ("taken-back", reversal, "--deduct-rest")):
        error = refused(paid, "11-22", "returned", *command)
        assert "by cli (payout returned taken-back)" in error
        assert "'taken back' was decided at 2026-11-21T12:00" in error
    assert paid.balance().payable_minor == 0
    assert "Nothing came back under nowhere" in refused(paid, "11-22", "returned", "send-again", "nowhere")


def test_what_was_paid_again_after_14_days_cannot_be_taken_back(paid: Books) -> None:
    reversal = come_back(paid, 300_00, "11-20")
    seal(paid, NOVEMBER)
    assert pay(paid, NOVEMBER.payday) == [300_00]
    error = refused(paid, "12-10", "returned", "taken-back", reversal, "--deduct-rest")
    assert f"was paid again by {payouts_of(paid)[1].id}" in error
    assert paid.balance().payable_minor == 0


def test_of_two_people_who_decide_at_once_one_is_refused(paid: Books) -> None:
    reversal = come_back(paid, 300_00, "11-20")

    def decide(user: str) -> str:
        actor = Actor(ActorKind.USER, "a page", user)
        try:
            paid.write(partial(send_again, now=at("11-21"), reversal_ref=reversal, actor=actor))
        except Conflict as error:
            return str(error)
        return "done"

    results = sorted(run_concurrently(partial(decide, "usr_1"), partial(decide, "usr_2")))
    assert results[0] == "done"
    assert "'send again' was decided at 2026-11-21T12:00:00Z by user usr_" in results[1]


@pytest.mark.parametrize("first", ["the dispute", "the return"])
def test_a_disputed_line_of_what_came_back_is_held_and_the_rest_is_paid(paid: Books, first: str) -> None:
    """1,000 were paid; 300 came back; one line of 100 is disputed."""
    if first == "the dispute":
        paid.dispute("S1", "opened", 1000_00, "11-19")
    come_back(paid, 300_00, "11-20")
    if first == "the return":
        paid.dispute("S1", "opened", 1000_00, "11-21")
    seal(paid, NOVEMBER)
    assert pay(paid, NOVEMBER.payday) == [200_00]
    assert (paid.balance().pending_minor, paid.balance().payable_minor) == (100_00, 0)
    paid.dispute("S1", "won", 1000_00, "12-15")
    seal(paid, DECEMBER)
    assert pay(paid, DECEMBER.payday) == [100_00]
    assert (paid.balance().total_minor, paid.faults(DECEMBER.payday)) == (0, [])


def test_a_disputed_line_within_money_that_waits_lowers_no_other_money(paid: Books) -> None:
    paid.sale("S3", 800_00, "10-25")
    paid.run_jobs(at("11-25"))
    come_back(paid, 300_00, "11-28")
    paid.dispute("S1", "opened", 1000_00, "11-29")
    seal(paid, NOVEMBER)
    assert pay(paid, NOVEMBER.payday) == [80_00]
    assert (paid.balance().pending_minor, paid.balance().payable_minor) == (100_00, 200_00)
    assert paid.faults(NOVEMBER.payday) == []


def test_a_part_that_waits_is_paid_apart_from_a_part_that_was_decided(paid: Books) -> None:
    first, second = come_back(paid, 300_00, "11-27"), come_back(paid, 60_00, "11-28")
    ask(paid, "11-29", "returned", "send-again", second)
    seal(paid, NOVEMBER)
    assert pay(paid, NOVEMBER.payday) == [60_00]
    with at_terminal(paid, "12-12 12:00") as terminal:
        lines = terminal.run("payout", "returned", "list").output.splitlines()
    assert [reversal in line for line, reversal in zip(lines, (second, first), strict=True)] == [True, True]
    assert "paid again since 2026-12-11T12:01" in lines[1]
    assert "because nobody decided" in lines[1]


def test_what_came_back_of_an_adopted_transfer_waits_too(books: Books) -> None:
    sell_and_release(books, "S1", 80_00)
    with time_machine.travel(at("10-20")):
        rail = StripeRail(SANDBOX_KEY, books.sandbox.url)
        account = books.write(lambda s: s.scalars(select(Payee.account_ref)).one())
        sent = {"amount": 70_00, "currency": "eur", "destination": account}
        transfer = str(rail.send_transfer(sent, "by hand").transfer_ref)
    ask(books, "10-21", "adopt", transfer, "--brand", books.brand_id)
    reversal = come_back(books, 70_00, "10-25")
    (listed,) = ask(books, "10-26", "returned", "list")
    assert (listed["payout"], listed["transfer"], listed["creator"]) == (None, transfer, books.creator_id)
    assert listed["adoption"].startswith("txn_")
    ask(books, "10-27", "returned", "taken-back", reversal, "--deduct-rest")
    seal(books, OCTOBER)
    assert books.balance().payable_minor == 10_00
    assert books.faults("11-08") == []
