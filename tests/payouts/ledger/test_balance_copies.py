"""As a statement is sealed, the balance of each account is copied; the self-check compares the copies."""

from collections import Counter
from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from config.database import read_session
from payouts.ledger.balances import creator_balances
from payouts.ledger.models import Account, AccountBalance, Period, Posting, Transaction
from payouts.selfcheck.checks import self_check
from tests.cast.books import Books, add_brand, add_creator, at
from tests.cast.months import DECEMBER, NOVEMBER, OCTOBER, add_booking, seal, sell_and_release
from tests.payouts.selfcheck.test_corruption import corrupted

AT_LAST = at("2027-01-01T00:00:00")


def copies(session: Session) -> dict[str, dict[str, int]]:
    """By name of the period, then by account."""
    found: dict[str, dict[str, int]] = {}
    rows = session.execute(
        select(Period.name, AccountBalance.account_id, AccountBalance.balance_minor)
        .join(Period, Period.id == AccountBalance.period_id)
        .order_by(Period.starts_at)
    )
    for name, account, minor in rows:
        found.setdefault(name, {})[account] = minor
    return found


def two_months(books: Books) -> Books:
    """Two creators and two currencies; a payout after October, a sale that is held in November."""
    bert = add_creator(books, "bert")
    sell_and_release(books, "1001", 100_00)
    add_booking(bert, 80_00, "10-20")
    seal(books, OCTOBER)
    assert len(books.run(OCTOBER.payday).pay(books.brand_id).paid) == 2
    books.sale("1002", 500_00, "11-20")
    add_booking(books, 70_00, "11-21")
    seal(books, NOVEMBER)
    return books


def balances_of(session: Session, before: datetime, books: Books) -> dict[str, int]:
    """What the accounts have at that time by the postings alone, without zeros."""
    sums: Counter[str] = Counter()
    for side, sign in ((Posting.credit_account_id, 1), (Posting.debit_account_id, -1)):
        rows = session.execute(
            select(side, Posting.amount_minor)
            .join(Transaction, Transaction.id == Posting.transaction_id)
            .join(Period, Period.id == Transaction.period_id)
            .where(Transaction.brand_id == books.brand_id, Period.starts_at < before)
        )
        for account, minor in rows:
            sums[account] += sign * minor
    return {account: minor for account, minor in sums.items() if minor}


def test_each_seal_copies_what_every_account_has_at_the_end_of_the_period(books: Books) -> None:
    two_months(books)
    with read_session(books.databases.main) as session:
        found = copies(session)
        assert list(found) == ["2026-10", "2026-11"]
        assert found["2026-10"] == balances_of(session, OCTOBER.after, books)
        assert found["2026-11"] == balances_of(session, NOVEMBER.after, books)
        assert len(found["2026-11"]) >= 4
        assert all(all(each.values()) for each in found.values())


def test_the_copies_of_one_brand_have_nothing_of_another(books: Books) -> None:
    mugs = add_brand(books)
    add_booking(mugs, 33_00, "10-20")
    add_booking(books, 44_00, "10-20")
    for each in (books, mugs):
        seal(each, OCTOBER)
    with read_session(books.databases.main) as session:
        owners = select(Account.brand_id, AccountBalance.balance_minor).join(
            AccountBalance, AccountBalance.account_id == Account.id
        )
        assert sorted(tuple(row) for row in session.execute(owners)) == sorted(
            [
                (books.brand_id, 44_00),
                (books.brand_id, -44_00),
                (mugs.brand_id, 33_00),
                (mugs.brand_id, -33_00),
            ]
        )
    assert books.faults() == []


def test_balances_start_at_the_copies_and_are_those_of_all_postings(books: Books) -> None:
    two_months(books)
    books.refund("1001", 200_00, "12-02")
    for before in (OCTOBER.first, OCTOBER.after, NOVEMBER.after, DECEMBER.after, None):
        with read_session(books.databases.main) as session:
            found = creator_balances(session, books.brand_id, "EUR", before=before)
            expected = balances_of(session, before or AT_LAST, books)
        for creator_id, each in found.items():
            for kind in ("pending", "payable", "in_transit"):
                account = f"{books.brand_id}:{creator_id}:{kind}:EUR"
                assert getattr(each, f"{kind}_minor") == expected.get(account, 0), (before, account)
    with corrupted(books.databases, "delete from ledger_posting where id = {posting}") as session:
        assert creator_balances(session, books.brand_id, "EUR") == found


CORRUPTIONS = {
    "a copy": "update account_balance set balance_minor = 1 where account_id like '%payable%'",
    "a copy is gone": "delete from account_balance where account_id like '%pending%'",
    "a copy too much": "insert into account_balance select p.id, a.id, 5 from period p, ledger_account a "
    "where a.kind = 'in_transit' and p.name = '2026-10'",
}


@pytest.mark.parametrize("what", CORRUPTIONS)
def test_a_copy_that_differs_from_the_postings_is_a_finding(books: Books, what: str) -> None:
    two_months(books)
    with corrupted(books.databases, CORRUPTIONS[what]) as session:
        found = self_check(session, AT_LAST)
    assert found
    assert all(each.check == "copies" and "but its copy is" in each.message for each in found)


def test_statements_that_an_earlier_version_sealed_have_no_copies(books: Books) -> None:
    two_months(books)
    with corrupted(books.databases, "delete from account_balance", keep=True):
        pass
    assert books.faults() == []
    seal(books, DECEMBER)
    with read_session(books.databases.main) as session:
        assert list(copies(session)) == ["2026-12"]
    assert books.faults() == []


def test_the_database_refuses_to_change_a_copy(books: Books) -> None:
    two_months(books)
    for change in ("update account_balance set balance_minor = 1", "delete from account_balance"):
        with pytest.raises(DBAPIError, match="never changed"), books.databases.main.begin() as connection:
            connection.exec_driver_sql(change)
