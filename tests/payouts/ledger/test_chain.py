"""Somebody goes round the triggers and edits the books: the self-check names what was touched."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from config.database import Databases, read_session
from payouts.ledger import checks
from payouts.ledger.checks import balance_faults, chain_faults, posting_faults
from payouts.ledger.models import Transaction
from payouts.ledger.operations import post
from payouts.ledger.rules import Line
from tests.payouts.cast import Books, at
from tests.payouts.ledger.conftest import tampering_session

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
    "when it counts": "update ledger_transaction set effective_at = (select min(created_at) from brand)"
    " where id = :id",
    "when it was written": "update ledger_transaction set recorded_at = (select min(created_at) from brand)"
    " where id = :id",
    "what it is": "update ledger_transaction set kind = 'bonus' where id = :id",
    "what it is about": "update ledger_transaction set subject_id = 'com_other' where id = :id",
    "which event": "update ledger_transaction set event_key = 'another' where id = :id",
    "what the event said": "update ledger_transaction set inputs = '{}' where id = :id",
    "the hash of that": "update ledger_transaction set inputs_hash = 'x' where id = :id",
    "its hash": "update ledger_transaction set hash = previous_hash where id = :id",
    "its amount": "update ledger_posting set amount_minor = amount_minor + 1 where transaction_id = :id",
    "its direction": SWAP_SIDES,
    "its line": "update ledger_posting set line = 2 where transaction_id = :id",
    "it moves more": ADD_POSTING,
    "it moves nothing": "delete from ledger_posting where transaction_id = :id",
}


def transaction_ids(session: Session) -> list[str]:
    return list(session.scalars(select(Transaction.id).order_by(Transaction.seq)))


def faults(session: Session) -> dict[str, str]:
    session.expire_all()
    return {finding.subject_id: finding.message for finding in chain_faults(session)}


def delete_transaction(session: Session, transaction_id: str) -> None:
    for table, column in (("ledger_posting", "transaction_id"), ("ledger_transaction", "id")):
        session.execute(text(f"delete from {table} where {column} = :id"), {"id": transaction_id})


def test_untouched_books_have_no_fault(written: Books) -> None:
    with tampering_session(written.settings) as session:
        assert len(transaction_ids(session)) == 4
        assert faults(session) == {}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_to_one_transaction_is_named(written: Books, change: str) -> None:
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
        session.execute(text(CHANGES["its hash"]), {"id": second})
        assert set(faults(session)) == {second, third}
        delete_transaction(session, last)
        assert written.brand_id in faults(session)


def test_a_transaction_before_the_first_is_noticed(written: Books) -> None:
    with tampering_session(written.settings) as session:
        first = transaction_ids(session)[0]
        session.execute(text("update ledger_transaction set seq = -1 where id = :id"), {"id": first})
        assert "gap" in faults(session)[first] or "recorded" in faults(session)[first]


def test_the_loss_of_the_last_transaction_is_noticed(written: Books) -> None:
    with tampering_session(written.settings) as session:
        delete_transaction(session, transaction_ids(session)[-1])
        message = f"The books of {written.brand_id} end at number 3, but 4 were recorded."
        assert faults(session) == {written.brand_id: message}


def test_the_loss_of_a_transaction_in_the_middle_is_named_by_what_follows_it(written: Books) -> None:
    with tampering_session(written.settings) as session:
        _first, second, third, _last = transaction_ids(session)
        delete_transaction(session, second)
        assert "gap" in faults(session)[third]


def test_two_transactions_that_changed_places_are_named(written: Books) -> None:
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


def test_books_that_were_lost_as_a_whole_are_noticed(written: Books) -> None:
    with tampering_session(written.settings) as session:
        for transaction_id in transaction_ids(session):
            delete_transaction(session, transaction_id)
        message = f"The books of {written.brand_id} end at number 0, but 4 were recorded."
        assert faults(session) == {written.brand_id: message}


def test_a_posting_that_its_event_does_not_allow_is_named(written: Books) -> None:
    with tampering_session(written.settings) as session:
        first = transaction_ids(session)[0]
        session.execute(text(SWAP_SIDES), {"id": first})
        (finding,) = posting_faults(session)
        message = f"{first} (accrue) moved pending to commission_expense."
        assert (finding.subject_id, finding.message) == (first, message)


def test_an_account_below_zero_that_never_may_be_is_named(written: Books) -> None:
    with tampering_session(written.settings) as session:
        for transaction_id in transaction_ids(session)[2:]:
            session.execute(text(SWAP_SIDES), {"id": transaction_id})
        (finding,) = balance_faults(session)
        account = f"{written.brand_id}:{written.creator_id}:pending:EUR"
        assert finding.subject_id == account
        assert f"stands at {10_00 + 20_00 - 30_00 - 40_00}" in finding.message


def test_a_time_in_another_zone_is_the_same_time(books: Books, databases: Databases) -> None:
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
