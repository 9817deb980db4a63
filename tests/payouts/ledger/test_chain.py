"""Edits of the books that bypass the triggers are found by the self-check, with the edited row."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from config.database import Databases, read_session
from payouts.ledger import checks
from payouts.ledger.batches import post
from payouts.ledger.models import Transaction
from payouts.ledger.rules import Line
from tests.cast.books import Books, at
from tests.payouts.ledger.conftest import book_findings, tampering_session

SWAP_SIDES = (
    "update ledger_posting set debit_account_id = credit_account_id,"
    " credit_account_id = debit_account_id where transaction_id = :id"
)
ADD_POSTING = (
    "insert into ledger_posting"
    " (transaction_id, line, debit_account_id, credit_account_id, amount_minor, currency)"
    " select transaction_id, 2, debit_account_id, credit_account_id, 1, currency"
    " from ledger_posting where transaction_id = :id"
)
CHANGES = {
    "effective time": "update ledger_transaction set effective_at = (select min(created_at) from brand)"
    " where id = :id",
    "recorded time": "update ledger_transaction set recorded_at = (select min(created_at) from brand)"
    " where id = :id",
    "kind": "update ledger_transaction set kind = 'bonus' where id = :id",
    "subject": "update ledger_transaction set subject_id = 'com_other' where id = :id",
    "event key": "update ledger_transaction set event_key = 'another' where id = :id",
    "inputs": "update ledger_transaction set inputs = '{}' where id = :id",
    "hash of the inputs": "update ledger_transaction set inputs_hash = 'x' where id = :id",
    "hash": "update ledger_transaction set hash = previous_hash where id = :id",
    "amount": "update ledger_posting set amount_minor = amount_minor + 1 where transaction_id = :id",
    "direction": SWAP_SIDES,
    "line number": "update ledger_posting set line = 2 where transaction_id = :id",
    "additional posting": ADD_POSTING,
    "no posting": "delete from ledger_posting where transaction_id = :id",
}


def transaction_ids(session: Session) -> list[str]:
    return list(session.scalars(select(Transaction.id).order_by(Transaction.seq)))


def faults(session: Session) -> dict[str, str]:
    session.expire_all()
    return {finding.subject_id: finding.message for finding in book_findings(session, "chain")}


def delete_transaction(session: Session, transaction_id: str) -> None:
    for table, column in (("ledger_posting", "transaction_id"), ("ledger_transaction", "id")):
        session.execute(text(f"delete from {table} where {column} = :id"), {"id": transaction_id})


def test_untouched_books_have_no_fault(written: Books) -> None:
    with tampering_session(written.settings) as session:
        assert len(transaction_ids(session)) == 4
        assert faults(session) == {}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_to_one_transaction_is_reported(written: Books, change: str) -> None:
    with tampering_session(written.settings) as session:
        _first, second, third, _last = transaction_ids(session)
        session.execute(text(CHANGES[change]), {"id": second})
        assert second in faults(session)
        assert set(faults(session)) <= {second, third}


def test_a_chain_of_many_pages_is_checked_as_one(written: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "PAGE_ROWS", 1)
    with tampering_session(written.settings) as session:
        assert faults(session) == {}
        _first, second, third, last = transaction_ids(session)
        session.execute(text(CHANGES["hash"]), {"id": second})
        assert set(faults(session)) == {second, third}
        delete_transaction(session, last)
        assert written.brand_id in faults(session)


def test_a_transaction_before_the_first_is_found(written: Books) -> None:
    with tampering_session(written.settings) as session:
        first = transaction_ids(session)[0]
        session.execute(text("update ledger_transaction set seq = -1 where id = :id"), {"id": first})
        assert "gap" in faults(session)[first] or "recorded" in faults(session)[first]


def test_loss_of_the_last_transaction_is_found(written: Books) -> None:
    with tampering_session(written.settings) as session:
        delete_transaction(session, transaction_ids(session)[-1])
        message = f"The books of {written.brand_id} end at number 3, but 4 were recorded."
        assert faults(session) == {written.brand_id: message}


def test_loss_of_a_transaction_in_the_middle_is_reported_at_the_next_one(written: Books) -> None:
    with tampering_session(written.settings) as session:
        _first, second, third, _last = transaction_ids(session)
        delete_transaction(session, second)
        assert "gap" in faults(session)[third]


def test_two_swapped_transactions_are_found(written: Books) -> None:
    with tampering_session(written.settings) as session:
        _first, second, third, _last = transaction_ids(session)
        for transaction_id, seq in ((second, -1), (third, 2), (second, 3)):
            moved = "update ledger_transaction set seq = :seq where id = :id"
            session.execute(text(moved), {"id": transaction_id, "seq": seq})
        assert {second, third} <= set(faults(session))


@pytest.mark.parametrize(
    "edit",
    ["delete from ledger_chain", "update ledger_chain set seq = 3", "update ledger_chain set head_hash = ''"],
)
def test_forged_or_missing_chain_head_is_found(written: Books, edit: str) -> None:
    with tampering_session(written.settings) as session:
        session.execute(text(edit))
        assert written.brand_id in faults(session)


def test_loss_of_all_transactions_is_found(written: Books) -> None:
    with tampering_session(written.settings) as session:
        for transaction_id in transaction_ids(session):
            delete_transaction(session, transaction_id)
        message = f"The books of {written.brand_id} end at number 0, but 4 were recorded."
        assert faults(session) == {written.brand_id: message}


def test_posting_that_its_event_does_not_allow_is_found(written: Books) -> None:
    with tampering_session(written.settings) as session:
        first = transaction_ids(session)[0]
        session.execute(text(SWAP_SIDES), {"id": first})
        (finding,) = book_findings(session, "postings")
        message = f"{first} (accrue) moved pending to commission_expense."
        assert (finding.subject_id, finding.message) == (first, message)


def test_negative_balance_of_held_money_is_found(written: Books) -> None:
    with tampering_session(written.settings) as session:
        for transaction_id in transaction_ids(session)[2:]:
            session.execute(text(SWAP_SIDES), {"id": transaction_id})
        (finding,) = book_findings(session, "balances")
        account = f"{written.brand_id}:{written.creator_id}:pending:EUR"
        assert finding.subject_id == account
        assert f"is {10_00 + 20_00 - 30_00 - 40_00}, below zero" in finding.message


def test_hash_does_not_depend_on_the_time_zone(books: Books, databases: Databases) -> None:
    tokyo = timezone(timedelta(hours=9))
    books.write(
        lambda s: post(
            s,
            at("11-01").astimezone(tokyo),
            brand_id=books.brand_id,
            kind="deposit",
            event_key="deposit:1",
            inputs={},
            lines=[Line("deposit", 1, "EUR")],
            subject_id=books.brand_id,
            effective_at=datetime(2026, 11, 1, 8, 30, tzinfo=tokyo),
        )
    )
    with read_session(databases.main) as session:
        assert faults(session) == {}
        (effective_at,) = session.scalars(select(Transaction.effective_at))
    assert effective_at == datetime(2026, 10, 31, 23, 30, tzinfo=UTC)
