"""The amounts of payouts: the minimum and its waivers, carried amounts, debts, and creators who must wait."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from config.database import Databases, read_session
from config.settings import Settings
from payouts.transfers.planning.preparation import plans_of
from payouts.transfers.sandbox.server import SandboxServer
from payouts.transfers.sending.report import Report
from tests.cast.books import Books, add_brand, add_creator, at, connect_account, open_books
from tests.cast.months import (
    DECEMBER,
    NOVEMBER,
    OCTOBER,
    Month,
    add_booking,
    only_payout,
    payouts_of,
    seal,
    sell_and_release,
    transfers_in,
)
from tests.cast.people import PERSON
from tests.payouts.transfers.runs.provider import assert_paid_once
from tracker.people.accounts.operations import get_brand
from tracker.people.accounts.rules_versions import set_minimum
from tracker.programs.models import Enrollment


def close_and_pay(books: Books, month: Month) -> Report:
    seal(books, month)
    return books.run(month.payday).pay(books.brand_id)


def test_an_amount_below_the_minimum_is_carried_and_paid_with_the_next_one(books: Books) -> None:
    add_booking(books, 49_99, "10-20")
    report = close_and_pay(books, OCTOBER)
    assert "49.99 EUR is below the minimum of 50.00 EUR" in report.skipped[books.creator_id]
    add_booking(books, 1, "11-20")
    assert close_and_pay(books, NOVEMBER).paid
    assert [each.amount_minor for each in payouts_of(books)] == [50_00]
    assert_paid_once(books)


def test_the_products_minimum_applies_where_the_brand_has_set_none(books: Books) -> None:
    books.sandbox.control.top_up("USD", 100_00)
    add_booking(books, 50, "10-20", currency="USD")
    books.end("2026-10", OCTOBER.closing)
    books.approve("2026-10", OCTOBER.approval, "USD")
    report = books.run(OCTOBER.payday).pay(books.brand_id)
    assert "0.50 USD is below the minimum of 50.00 USD" in report.skipped[books.creator_id]
    assert books.balance(currency="USD").payable_minor == 50


def test_a_statement_keeps_the_minimum_of_its_draft(books: Books) -> None:
    add_booking(books, 40_00, "10-20")
    seal(books, OCTOBER)
    lower_minimum(books, OCTOBER.payday, 40_00)
    assert books.run(OCTOBER.payday).pay(books.brand_id).skipped
    assert close_and_pay(books, NOVEMBER).paid
    assert [each.amount_minor for each in payouts_of(books)] == [40_00]


def test_a_statement_older_than_its_minimum_follows_the_rule_of_its_time(books: Books) -> None:
    """There was a minimum in the brand's currency only, and it could not be changed."""
    books.sandbox.control.top_up("USD", 100_00)
    bert = add_creator(books, "bert")
    add_booking(books, 50, "10-20", currency="USD")
    add_booking(bert, 49_99, "10-20")
    books.end("2026-10", OCTOBER.closing)
    books.write(lambda s: s.execute(text("update statement set minimum_minor = null")))
    lower_minimum(books, OCTOBER.closing, 1)
    for currency in ("EUR", "USD"):
        books.approve("2026-10", OCTOBER.approval, currency)
    report = books.run(OCTOBER.payday).pay(books.brand_id)
    assert "49.99 EUR is below the minimum of 50.00 EUR" in report.skipped[bert.creator_id]
    assert [(each.currency, each.amount_minor) for each in payouts_of(books)] == [("USD", 50)]


def lower_minimum(books: Books, when: str, minimum_minor: int, currency: str | None = None) -> None:
    lower: dict[str, Any] = {"minimum_minor": minimum_minor, "currency": currency}
    books.write(lambda s: set_minimum(s, at(when), get_brand(s, books.brand_id), actor=PERSON, **lower))


def test_an_amount_that_waited_twelve_months_is_paid_even_below_the_minimum(books: Books) -> None:
    add_booking(books, 1_00, "10-20")
    assert close_and_pay(books, OCTOBER).skipped
    books.end("2027-09", Month("2027-09").closing)
    for name in ["2026-11", "2026-12", *(f"2027-{number:02}" for number in range(1, 10))]:
        books.approve(name, Month("2027-09").approval, "EUR")
    assert books.run("2027-10-20T11:00:00").pay(books.brand_id).skipped
    assert books.run("2027-10-20T12:00:00").pay(books.brand_id).paid
    assert only_payout(books).amount_minor == 1_00
    assert_paid_once(books)


def test_a_creator_who_has_left_every_program_is_paid_below_the_minimum(books: Books) -> None:
    add_booking(books, 1_00, "10-20")
    assert close_and_pay(books, OCTOBER).skipped
    end_enrollment(books)
    assert books.run(OCTOBER.payday).pay(books.brand_id).paid
    assert only_payout(books).amount_minor == 1_00


def end_enrollment(books: Books) -> None:
    def work(session: Session) -> None:
        own = {"creator_id": books.creator_id, "program_id": books.program_id}
        session.query(Enrollment).filter_by(**own).one().state = "ended"

    books.write(work)


def test_a_creator_without_an_account_waits_and_the_reason_is_shown(books: Books) -> None:
    bert = add_creator(books, "bert", connected=False)
    add_booking(bert, 80_00, "10-20")
    assert "has not connected a bank account" in close_and_pay(books, OCTOBER).skipped[bert.creator_id]
    connect_account(bert)
    assert books.run(OCTOBER.payday).pay(books.brand_id).paid
    assert_paid_once(books)


def test_a_creator_who_has_not_finished_the_set_up_waits_with_the_providers_reason(books: Books) -> None:
    bert = add_creator(books, "bert", connected=False)
    account = connect_account(bert, ready=False)
    add_booking(bert, 80_00, "10-20")
    assert "payment provider" in close_and_pay(books, OCTOBER).skipped[bert.creator_id]
    books.sandbox.control.complete_onboarding(account)
    assert books.run(OCTOBER.payday).pay(books.brand_id).paid


def test_nothing_is_sent_to_an_account_that_the_provider_has_restricted(books: Books) -> None:
    bert = add_creator(books, "bert", connected=False)
    account = connect_account(bert)
    add_booking(bert, 80_00, "10-20")
    books.sandbox.control.complete_onboarding(account, "restricted")
    assert "payment provider" in close_and_pay(books, OCTOBER).skipped[bert.creator_id]
    assert transfers_in(books.sandbox) == []


def test_an_account_that_the_provider_does_not_know_does_not_block_other_creators(books: Books) -> None:
    bert = add_creator(books, "bert")
    for each in (books, bert):
        add_booking(each, 80_00, "10-20")
    lost = {"creator": bert.creator_id}
    books.write(
        lambda s: s.execute(
            text("update payee set account_ref = 'acct_gone' where creator_id = :creator"), lost
        )
    )
    report = close_and_pay(books, OCTOBER)
    assert len(report.paid) == 1
    assert "provider" in report.skipped[bert.creator_id]
    assert_paid_once(books)


def test_only_the_currency_that_the_rail_does_not_know_is_blocked_with_a_reason(
    books: Books,
) -> None:
    add_booking(books, 80_00, "10-20")
    add_booking(books, 80_000, "10-20", currency="LYD")
    books.end("2026-10", OCTOBER.closing)
    for currency in ("EUR", "LYD"):
        books.approve("2026-10", OCTOBER.approval, currency)
    with read_session(books.databases.main) as session:
        plans = {each.currency: each for each in plans_of(session, at("11-09"), books.brand_id, early=True)}
    assert "LYD" in (plans["LYD"].reason or "")
    assert (plans["LYD"].amount_minor, plans["EUR"].amount_minor) == (0, 80_00)
    report = books.run(OCTOBER.payday).pay(books.brand_id)
    assert len(report.paid) == 1
    assert_paid_once(books)


def test_a_debt_is_deducted_from_the_next_payout(books: Books) -> None:
    sell_and_release(books, "1001", 100_00)
    assert close_and_pay(books, OCTOBER).paid
    books.refund("1001", 300_00, "11-15")
    report = close_and_pay(books, NOVEMBER)
    assert "owes 30.00 EUR" in report.skipped[books.creator_id]
    add_booking(books, 90_00, "12-20")
    assert close_and_pay(books, DECEMBER).paid
    assert sorted(each.amount_minor for each in payouts_of(books)) == [60_00, 100_00]
    assert books.balance().total_minor == 0
    assert_paid_once(books)


def test_debt_to_one_brand_does_not_reduce_payouts_of_another(
    settings: Settings, databases: Databases, sandbox_server: SandboxServer
) -> None:
    teas = open_books(settings, databases, sandbox_server)
    mugs = add_brand(teas, same_account=True)
    add_booking(teas, 90_00, "10-20", kind="deduction")
    add_booking(mugs, 80_00, "10-20")
    for each in (teas, mugs):
        add_booking(each, 1000_00, "10-01", kind="deposit")
        seal(each, OCTOBER)
        each.run(OCTOBER.payday, rail_shared=True).pay(each.brand_id)
    assert (payouts_of(teas), [each.amount_minor for each in payouts_of(mugs)]) == ([], [80_00])


def test_reversal_of_a_later_release_does_not_lower_this_payout(books: Books) -> None:
    sell_and_release(books, "1001", 100_00)
    books.sale("2002", 400_00, "10-05")
    seal(books, OCTOBER)
    books.run_jobs(at("11-05"))  # 2002 is released in November
    books.refund("2002", 400_00, "11-08 12:00")
    assert books.run(OCTOBER.payday).pay(books.brand_id).paid
    assert only_payout(books).amount_minor == 100_00
    assert books.balance().payable_minor == 0


@pytest.mark.parametrize(
    ("currency", "owed", "sent", "carried"),
    [("HUF", 51_023_45, 51_023_00, 45), ("BHD", 60_127, 60_120, 7), ("JPY", 51, 51, 0), ("ISK", 51, 51, 0)],
)
def test_the_amount_is_floored_to_the_rails_step_and_the_rest_is_carried(
    settings: Settings,
    databases: Databases,
    sandbox_server: SandboxServer,
    currency: str,
    owed: int,
    sent: int,
    carried: int,
) -> None:
    sandbox_server.control.top_up(currency, 1_000_000_000)
    books = open_books(settings, databases, sandbox_server, currency=currency, minimum_minor=50)
    add_booking(books, owed, "10-20")
    assert close_and_pay(books, OCTOBER).paid
    first = only_payout(books)
    assert (first.amount_minor, first.carried_minor) == (sent, carried)
    assert books.balance().payable_minor == carried
    assert_paid_once(books)


def test_a_carried_amount_is_paid_once_with_the_next_payout(
    settings: Settings, databases: Databases, sandbox_server: SandboxServer
) -> None:
    books = open_books(settings, databases, sandbox_server, currency="HUF", minimum_minor=50_00)
    sandbox_server.control.top_up("HUF", 1_000_000_000)
    add_booking(books, 510_060, "10-20")
    assert close_and_pay(books, OCTOBER).paid
    add_booking(books, 520_050, "11-20")
    assert close_and_pay(books, NOVEMBER).paid
    add_booking(books, 530_000, "12-20")
    assert close_and_pay(books, DECEMBER).paid
    found = [(each.amount_minor, each.carried_minor) for each in payouts_of(books)]
    assert found == [(510_000, 60), (520_100, 10), (530_000, 10)]
    assert books.balance().payable_minor == 10
    assert_paid_once(books)


def test_less_than_the_rail_can_send_is_carried_even_when_the_minimum_is_waived(
    settings: Settings, databases: Databases, sandbox_server: SandboxServer
) -> None:
    books = open_books(settings, databases, sandbox_server, currency="HUF", minimum_minor=0)
    add_booking(books, 99, "10-20")
    end_enrollment(books)
    assert (
        "less than the payment provider can send" in close_and_pay(books, OCTOBER).skipped[books.creator_id]
    )
    assert payouts_of(books) == []
