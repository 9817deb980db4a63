"""Payouts, attempts, payees, plans and freezes have codes; rows older than the codes show their words."""

from typing import Any

from sqlalchemy import select, update

from config.database import read_session
from payouts.settlement.freezes import active_freezes
from payouts.settlement.models import Attempt, Freeze, Payout
from payouts.settlement.transitions import cancel
from payouts.transfers.commands import COMMANDS
from payouts.transfers.models import Payee
from payouts.transfers.payees import has_status
from payouts.transfers.planning.preparation import Plan, plans_of
from payouts.transfers.rail_commands import COMMANDS as RAIL_COMMANDS
from payouts.transfers.reconciliation.reconciliation import reconcile
from payouts.transfers.sandbox.server import SANDBOX_KEY, SandboxServer
from payouts.transfers.stripe.client import StripeRail
from payouts.transfers.stripe.shapes import parse_payee_status
from tests.cast.api import Terminal
from tests.cast.books import Books, add_creator, at, connect_account
from tests.cast.months import NOVEMBER, OCTOBER, add_booking, attempts_of, later, only_payout, seal
from tests.payouts.settlement.test_states import CHANGED_MY_MIND

OLD = "in the words of an older version."


def plans(books: Books, when: str = OCTOBER.payday, *, early: bool = True) -> dict[str, Plan]:
    """By the id of the creator."""
    with read_session(books.databases.main) as session:
        found = plans_of(session, at(when), books.brand_id, early=early)
    return {each.creator_id: each for each in found}


def block(plan: Plan) -> tuple[str, dict[str, Any]]:
    assert plan.block is not None
    return plan.block.code.value, dict(plan.block.parameters)


def shown(books: Books, payout_id: str) -> dict[str, Any]:
    found: dict[str, Any] = Terminal(books.settings, COMMANDS).ask("payout", "show", payout_id)
    return found


def fail_october(books: Books) -> Payout:
    books.sandbox.control.queue_fault("403_before")
    assert books.run(OCTOBER.payday).pay(books.brand_id).failed
    return only_payout(books)


def make_old(books: Books, table: type[Any], words: str) -> None:
    """All rows of the table become rows that were stored before reasons had codes."""
    values = {words: OLD, "reason_code": None, "reason_parameters": None}
    books.write(lambda s: s.execute(update(table).values(values)))


def reword(books: Books, table: type[Any], words: str, **columns: str) -> None:
    """What a process of a version without codes does to each row of the table: the codes stay."""
    books.write(lambda s: s.execute(update(table).values({words: OLD, **columns})))


def test_a_failed_payout_has_the_code_of_its_attempt(sealed: Books) -> None:
    payout = fail_october(sealed)
    value = shown(sealed, payout.id)
    (attempt,) = value["attempts"]
    assert (value["reason_code"], attempt["reason_code"]) == ("forbidden", "forbidden")
    assert value["reason"] == attempt["message"] == attempts_of(sealed, payout.id)[0].message
    assert value["reason"].startswith("The API key may not do this")
    assert sealed.faults("11-09 13:00") == []


def test_words_of_the_provider_are_a_parameter(sealed: Books) -> None:
    make_old(sealed, Payee, "status_reason")
    unknown = update(Payee).values(account_ref="acct_gone")
    sealed.write(lambda s: s.execute(unknown))
    report = sealed.run(OCTOBER.payday).pay(sealed.brand_id)
    why = report.reasons[sealed.creator_id]
    assert why["reason_code"] == "provider_answered"
    assert why["reason_parameters"]["status"] == 404
    assert why["reason_parameters"]["words"] in report.skipped[sealed.creator_id]
    assert sealed.faults("11-09 13:00") == []


def test_an_old_payout_shows_its_stored_words(sealed: Books) -> None:
    payout = fail_october(sealed)
    make_old(sealed, Payout, "reason")
    make_old(sealed, Attempt, "message")
    value = shown(sealed, payout.id)
    assert (value["reason"], value["reason_code"], value["reason_parameters"]) == (OLD, None, None)
    (attempt,) = value["attempts"]
    assert (attempt["message"], attempt["reason_code"], attempt["reason_parameters"]) == (OLD, None, None)
    assert OLD in Terminal(sealed.settings, COMMANDS).run("payout", "show", payout.id).stdout
    report = sealed.run(later(OCTOBER.payday, minutes=5)).pay(sealed.brand_id)
    assert f"failed: {OLD} It is retried after" in report.skipped[sealed.creator_id]
    assert report.reasons[sealed.creator_id]["reason_code"] == "retried_later"


def test_a_code_that_an_older_process_left_beside_newer_words_is_not_shown(sealed: Books) -> None:
    """During an upgrade it updates state and words only. The code is that of the attempt before."""
    payout = fail_october(sealed)
    reword(sealed, Payout, "reason", state="unknown")
    reword(sealed, Attempt, "message", state="unknown")
    value = shown(sealed, payout.id)
    (attempt,) = value["attempts"]
    assert (value["state"], attempt["state"]) == ("unknown", "unknown")
    assert (value["reason"], value["reason_code"], value["reason_parameters"]) == (OLD, None, None)
    assert (attempt["message"], attempt["reason_code"], attempt["reason_parameters"]) == (OLD, None, None)
    assert f"unknown ({OLD})" in Terminal(sealed.settings, COMMANDS).run("payout", "show", payout.id).stdout


def test_a_payout_that_an_older_process_paid_has_no_code_left(sealed: Books) -> None:
    payout = fail_october(sealed)
    values = {"state": "paid", "transfer_ref": "tr_1"}
    sealed.write(lambda s: s.execute(update(Payout).values(**values, reason=None)))
    sealed.write(lambda s: s.execute(update(Attempt).values(**values, message=None)))
    value = shown(sealed, payout.id)
    assert (value["reason"], value["reason_code"], value["reason_parameters"]) == (None, None, None)
    (attempt,) = value["attempts"]
    assert (attempt["message"], attempt["reason_code"], attempt["reason_parameters"]) == (None, None, None)


def test_a_payout_that_is_retried_later_repeats_the_newer_words_of_its_failure(sealed: Books) -> None:
    fail_october(sealed)
    reword(sealed, Payout, "reason")
    report = sealed.run(later(OCTOBER.payday, minutes=5)).pay(sealed.brand_id)
    assert f"failed: {OLD} It is retried after" in report.skipped[sealed.creator_id]
    failure = report.reasons[sealed.creator_id]["reason_parameters"]["failure"]
    assert failure == {"reason": OLD, "reason_code": None, "reason_parameters": None}


def test_an_old_payee_keeps_back_the_payout_in_its_stored_words(books: Books) -> None:
    bert = add_creator(books, "Bert", connected=False)
    connect_account(bert, ready=False)
    add_booking(bert, 80_00, "10-20")
    seal(books, OCTOBER)
    assert block(plans(books)[bert.creator_id]) == (
        "account_not_ready",
        {"details": ["requirements_past_due"]},
    )
    make_old(books, Payee, "status_reason")
    found = plans(books)[bert.creator_id]
    assert (found.reason, block(found)) == (OLD, ("earlier_words", {"words": OLD}))


def test_newer_words_of_a_payee_keep_back_the_payout(books: Books) -> None:
    """An older process that still runs has learned why now, and left the code of before."""
    bert = add_creator(books, "Bert", connected=False)
    connect_account(bert, ready=False)
    add_booking(bert, 80_00, "10-20")
    seal(books, OCTOBER)
    reword(books, Payee, "status_reason")
    found = plans(books)[bert.creator_id]
    assert (found.reason, block(found)) == (OLD, ("earlier_words", {"words": OLD}))


def test_a_status_of_a_payee_is_stored_again_when_its_words_have_no_code(books: Books) -> None:
    bert = add_creator(books, "Bert", connected=False)
    account = connect_account(bert, ready=False)
    status = StripeRail(SANDBOX_KEY, books.sandbox.url).payee_status(account)
    of_bert = select(Payee).where(Payee.creator_id == bert.creator_id)
    with read_session(books.databases.main) as session:
        assert has_status(session.scalars(of_bert).one(), status)
    for lose_code in (reword, make_old):
        lose_code(books, Payee, "status_reason")
        with read_session(books.databases.main) as session:
            assert not has_status(session.scalars(of_bert).one(), status)


def test_an_account_with_unknown_details_cannot_receive_transfers_yet() -> None:
    details = [{"code": "new_detail"}, {"code": None}]
    transfers = {"status": "restricted", "status_details": details}
    balance = {"stripe_balance": {"stripe_transfers": transfers}}
    found = parse_payee_status({"configuration": {"recipient": {"capabilities": balance}}})
    assert found.block is not None
    assert found.block.parameters == {"details": ["new_detail"]}
    assert found.reason == "The account at the payment provider cannot receive transfers yet."


def test_plans_without_an_amount_say_why_by_code_and_parameters(books: Books) -> None:
    bert = add_creator(books, "Bert", connected=False)
    cora, dora = add_creator(books, "Cora"), add_creator(books, "Dora")
    add_booking(bert, 80_00, "10-20")
    add_booking(cora, 20_00, "10-20")
    add_booking(dora, 30_00, "10-20", kind="deduction")
    seal(books, OCTOBER)
    found = plans(books)
    assert {each.creator_id: block(found[each.creator_id]) for each in (bert, cora, dora)} == {
        bert.creator_id: ("not_connected", {}),
        cora.creator_id: ("below_minimum", {"amount": euros(20_00), "minimum": euros(50_00)}),
        dora.creator_id: ("creator_owes", {"amount": euros(30_00)}),
    }
    preview = Terminal(books.settings, COMMANDS).ask("payout", "preview", "--brand", books.brand_id)
    by_creator = {each["creator"]: each for each in preview}
    assert by_creator[cora.creator_id]["reason"] == found[cora.creator_id].reason
    assert by_creator[cora.creator_id]["reason_code"] == "below_minimum"
    assert by_creator[cora.creator_id]["reason_parameters"]["minimum"] == euros(50_00)


def euros(minor: int) -> dict[str, Any]:
    return {"minor": minor, "currency": "EUR"}


def test_a_payout_that_waits_for_money_says_why_by_code(sealed: Books) -> None:
    sealed.sandbox.control.top_up("EUR", -10_000_000)
    report = sealed.run(OCTOBER.payday).pay(sealed.brand_id)
    payout_id = only_payout(sealed).id
    assert report.reasons[payout_id] == {
        "reason_code": "balance_short",
        "reason_parameters": {"shortfall": euros(80_00)},
    }
    assert "80.00 EUR short" in report.waiting[payout_id]
    assert report.as_json()["reasons"] == report.reasons


def test_a_person_and_the_next_statement_cancel_payouts_with_different_codes(sealed: Books) -> None:
    payout = fail_october(sealed)
    sealed.write(lambda s: cancel(s, at("11-10"), payout.id, reason=CHANGED_MY_MIND))
    value = shown(sealed, payout.id)
    assert (value["reason"], value["reason_code"]) == ("changed my mind", "cancelled_by_person")
    assert value["reason_parameters"] == {"words": "changed my mind"}


def test_a_payout_that_the_next_statement_takes_over_names_it(sealed: Books) -> None:
    payout = fail_october(sealed)
    seal(sealed, NOVEMBER)
    value = shown(sealed, payout.id)
    assert (value["reason_code"], value["reason_parameters"]) == ("taken_over", {"period": "2026-11"})
    assert value["reason"] == "taken over by the statement of 2026-11"


def test_a_difference_freezes_payouts_with_its_code(paid: Books) -> None:
    with SandboxServer(None) as another:
        rail = StripeRail(SANDBOX_KEY, another.url)
        found = reconcile(paid.databases, rail, at(later(OCTOBER.payday, hours=2)))
    payout = only_payout(paid)
    expected = {"payout": payout.id, "transfer": payout.transfer_ref}
    assert found.difference_reasons == [{"reason_code": "transfer_missing", "reason_parameters": expected}]
    assert found.as_json()["difference_reasons"] == found.difference_reasons
    with read_session(paid.databases.main) as session:
        freeze = session.scalars(select(Freeze)).one()
        (finding,) = active_freezes(session)
    assert (freeze.reason_code, freeze.reason_parameters) == ("transfer_missing", expected)
    assert found.differences == [freeze.reason]
    assert freeze.reason in finding.message

    make_old(paid, Freeze, "reason")
    with read_session(paid.databases.main) as session:
        (finding,) = active_freezes(session)
    assert f"Payouts are frozen: {OLD}" in finding.message


def test_the_status_of_a_payee_has_a_code_in_json(books: Books) -> None:
    bert = add_creator(books, "Bert", connected=False)
    connect_account(bert, ready=False)
    terminal = Terminal(books.settings, RAIL_COMMANDS, LINKLEDGER_STRIPE_API_BASE=books.sandbox.url)
    whose = ("--brand", books.brand_id, "--creator", bert.creator_id)
    status = terminal.ask("payee", "status", *whose)
    assert status["reason_code"] == "account_not_ready"
    assert status["reason"] == "The payment provider needs more information from the creator."
    status = terminal.ask("payee", "status", "--brand", books.brand_id, "--creator", books.creator_id)
    assert (status["reason"], status["reason_code"], status["reason_parameters"]) == (None, None, None)
