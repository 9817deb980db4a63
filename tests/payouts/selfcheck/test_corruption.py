"""The self-check finds changes that were made in the database itself, and freezes payouts."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from config.database import Databases, read_session
from payouts.ledger import checks
from payouts.selfcheck.checks import self_check
from payouts.selfcheck.commands import COMMANDS as ROOT_COMMANDS
from payouts.settlement.checks import payout_faults
from payouts.settlement.models import Payout
from payouts.transfers.commands import COMMANDS
from tests.cast.api import Terminal
from tests.cast.books import Books, add_creator, at
from tests.cast.months import (
    DEFAULT_SEED,
    NOVEMBER,
    OCTOBER,
    add_booking,
    seal,
    seed_after,
    sell_and_release,
    transfers_in,
)
from tests.harness.databases.snapshots import database_seed_for
from tracker.ids import is_id

PROTECTED = (
    "ledger_posting",
    "ledger_transaction",
    "ledger_account",
    "sealed_document",
    "sealed_part",
    "commission_entry",
)

CORRUPTIONS = {
    "an amount in the ledger": "update ledger_posting set amount_minor = amount_minor + 1 "
    "where id = {posting}",
    "a posting is gone": "delete from ledger_posting where id = {posting}",
    "the inputs of a transaction": "update ledger_transaction set inputs = '{{}}' where seq = 1",
    "the time of a transaction": "update ledger_transaction set recorded_at = effective_at "
    "where kind = 'mature'",
    "the kind of a transaction": "update ledger_transaction set kind = 'bonus' where seq = 1",
    "the end of the books": "update ledger_chain set seq = seq - 1",
    "a sealed document": "update sealed_document set body = replace(body, 'Teas', 'Mugs')",
    "a sealed part": "update sealed_part set body = replace(body, 'Anna', 'Otto')",
    "a sealed part's hash": "update sealed_part set body = replace(body, 'Anna', 'Otto'), sha256 = 'x'",
    "a sealed part is gone": "delete from sealed_part where kind = 'lines'",
    "a sealed document's hash": "update sealed_document set sha256 = previous_sha256 "
    "where previous_sha256 is not null",
    "a sealed document is gone": "delete from sealed_document where previous_sha256 is null",
    "the amount of a payout": "update payout set amount_minor = amount_minor + 1",
    "the state of a payout": "update payout set state = 'failed'",
    "the transfer of a payout": "update payout set transfer_ref = 'tr_other' where id = {payout}",
    "what a payout carries": "update payout set carried_minor = 5",
    "an item of a payout is gone": "delete from payout_item",
    "the amount of an item": "update payout_item set amount_minor = amount_minor + 1",
    "an item's amount and what is carried": "update payout_item set amount_minor = amount_minor + 5; "
    "update payout set carried_minor = 5",
    "an item can be paid again": "update payout_item set live = {false}",
    "an attempt is open again": "update payout_attempt set state = 'unknown', lease_until = first_sent_at",
    "an attempt failed after all": "update payout_attempt set state = 'failed'",
    "the rate of a commission": "update commission set rate_bp = 5000",
    "what a commission is worth": "update commission_entry set amount_after_minor = 1",
    "the total of a sale": "update sale set total = 2 * total",
}


def pay_two_creators(books: Books) -> None:
    bert = add_creator(books, "bert")
    sell_and_release(books, "1001", 100_00)
    add_booking(bert, 80_00, "10-20")
    seal(books, OCTOBER)
    assert len(books.run(OCTOBER.payday).pay(books.brand_id).paid) == 2
    add_booking(books, 70_00, "11-20")
    seal(books, NOVEMBER)
    assert books.faults() == []


PAID = seed_after(pay_two_creators)


database_seed = database_seed_for(paid=PAID, books=DEFAULT_SEED)


@pytest.fixture
def paid(books: Books) -> Books:
    """Two sealed months. The first was paid to two creators, the second is not paid yet."""
    return books


def test_self_check_finds_every_corruption(paid: Books) -> None:
    missed = []
    for what, change in CORRUPTIONS.items():
        with corrupted(paid.databases, change) as session:
            found = [finding.message for finding in self_check(session, at("2027-01-01T00:00:00"))]
        if not found or any(len(message) < 20 for message in found):
            missed.append((what, found))
    assert missed == []
    assert paid.faults() == []  # every change was rolled back


def test_a_fault_freezes_payouts_and_check_exits_with_3(paid: Books) -> None:
    sent = len(transfers_in(paid.sandbox))
    with corrupted(paid.databases, CORRUPTIONS["an item can be paid again"], keep=True):
        pass
    terminal = Terminal(paid.settings, (*ROOT_COMMANDS, *COMMANDS))
    checked = terminal.run("check", "--json")
    assert (checked.exit_code, json.loads(checked.stdout)["ok"]) == (3, False)
    for command in (("run", "--brand", paid.brand_id), ("retry", failed_payout(paid))):
        result = terminal.run("payout", *command, "--json")
        assert (result.exit_code, result.stdout) == (3, ""), result.output
        assert "Payouts are frozen" in result.stderr
        assert "linkledger check" in result.stderr
    assert len(transfers_in(paid.sandbox)) == sent


def failed_payout(books: Books) -> str:
    books.write(lambda s: s.execute(text("update payout set state = 'failed'")))
    found: str = books.write(lambda s: s.scalar(text("select min(id) from payout")))
    return found


def test_the_database_itself_refuses_to_change_written_rows(paid: Books) -> None:
    for table in (*PROTECTED, "statement"):
        column = "statement_id" if table.startswith("sealed_") else "id"
        for change in (f"update {table} set {column} = {column}", f"delete from {table}"):
            with pytest.raises(DBAPIError, match="never changed"):
                paid.write(lambda s, change=change: s.execute(text(change)))


def payout_ids(session: Session) -> list[str]:
    return list(session.scalars(select(Payout.id)))


def test_query_count_of_the_check_does_not_grow_with_payouts(paid: Books) -> None:
    def query_count() -> int:
        queries = 0

        def count(*_: object) -> None:
            nonlocal queries
            queries += 1

        event.listen(paid.databases.main, "before_cursor_execute", count)
        with read_session(paid.databases.main) as session:
            assert list(payout_faults(session, payout_ids(session))) == []
        event.remove(paid.databases.main, "before_cursor_execute", count)
        return queries

    few = query_count()
    assert paid.run(NOVEMBER.payday).pay(paid.brand_id).paid
    assert query_count() == few


def test_payouts_of_many_pages_are_all_checked(paid: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "PAGE_ROWS", 1)
    assert paid.faults() == []
    with corrupted(paid.databases, CORRUPTIONS["the amount of a payout"]) as session:
        found = [finding.subject_id for finding in self_check(session, at("2027-01-01T00:00:00"))]
    assert len({each for each in found if is_id(each, "pay")}) == 2


@contextmanager
def corrupted(databases: Databases, change: str, *, keep: bool = False) -> Iterator[Session]:
    """The database after a change that bypasses the triggers. Rolled back at the end unless `keep`."""
    postgresql = databases.main.dialect.name == "postgresql"
    with databases.main.connect() as connection:
        values = {
            "posting": connection.scalar(text("select min(id) from ledger_posting")),
            "payout": f"'{connection.scalar(text('select min(id) from payout'))}'",
            "false": "false" if postgresql else "0",
        }
        if postgresql:
            connection.execute(text("set local session_replication_role = replica"))
        else:
            connection.exec_driver_sql("pragma defer_foreign_keys = on")
            names = connection.execute(text("select name from sqlite_master where type = 'trigger'"))
            for name in list(names.scalars()):
                connection.execute(text(f"drop trigger {name}"))
        for statement in change.format(**values).split("; "):
            assert connection.execute(text(statement)).rowcount > 0
        with Session(connection) as session:
            yield session
        connection.commit() if keep else connection.rollback()
