"""The database itself refuses to change or delete rows of the books."""

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from config.database import Databases
from tests.cast.books import Books

TABLES = (
    "ledger_account",
    "ledger_transaction",
    "ledger_posting",
    "commission_entry",
    "attribution",
    "terms",
    "sealed_document",
)


POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgresql)


@pytest.fixture
def sealed(books: Books) -> Books:
    """A month with a sale and a refund, closed and sealed, so that every table has a row."""
    books.sale("S1", 1000_00, "10-01")
    books.refund("S1", 100_00, "10-20")
    books.end("2026-10", "11-01 00:05")
    books.approve("2026-10", "11-08")
    return books


def rows_of(databases: Databases, table: str) -> list[tuple[object, ...]]:
    with databases.main.begin() as connection:
        return sorted(tuple(row) for row in connection.execute(text(f"select * from {table}")))


def columns_of(databases: Databases, table: str) -> list[str]:
    return [column["name"] for column in inspect(databases.main).get_columns(table)]


def require_refused(databases: Databases, statement: str) -> None:
    with pytest.raises(DBAPIError, match="never changed"), databases.main.begin() as connection:
        connection.execute(text(statement))


def test_no_row_of_the_books_can_be_changed_or_deleted(sealed: Books, databases: Databases) -> None:
    for table in TABLES:
        before = rows_of(databases, table)
        assert before, "an empty table proves nothing"
        for column in columns_of(databases, table):
            require_refused(databases, f"update {table} set {column} = {column}")
        require_refused(databases, f"delete from {table}")
        assert rows_of(databases, table) == before


def test_no_row_of_the_books_can_be_replaced_by_another_of_the_same_key(
    sealed: Books, databases: Databases, database_kind: str
) -> None:
    for table in TABLES:
        before = rows_of(databases, table)
        key = columns_of(databases, table)[0]
        if database_kind == "sqlite":
            require_refused(databases, f"insert or replace into {table} select * from {table}")
            require_refused(databases, f"update or replace {table} set {key} = {key}")
        require_refused(
            databases,
            f"insert into {table} select * from {table} where true "
            f"on conflict ({key}) do update set {key} = excluded.{key}",
        )
        assert rows_of(databases, table) == before


@pytest.mark.parametrize("database_kind", [POSTGRESQL], indirect=True)
def test_the_books_cannot_be_emptied(sealed: Books, databases: Databases) -> None:
    before = [rows_of(databases, table) for table in TABLES]
    for table in (*TABLES, "brand"):
        require_refused(databases, f"truncate {table} cascade")
    assert [rows_of(databases, table) for table in TABLES] == before


def test_a_sealed_statement_cannot_be_opened_again(sealed: Books, databases: Databases) -> None:
    for statement in ("update statement set state = 'draft', sealed_at = null", "delete from statement"):
        require_refused(databases, statement)


def test_a_posting_moves_a_positive_amount_between_two_accounts_of_its_currency(
    sealed: Books, databases: Databases
) -> None:
    (debit, credit) = (
        f"{sealed.brand_id}:brand:commission_expense:EUR",
        f"{sealed.brand_id}:brand:funding:EUR",
    )
    transaction = rows_of(databases, "ledger_transaction")[0][0]
    for debited, credited, amount, currency, rule in (
        (debit, debit, 1, "EUR", "posting_between_two_accounts"),
        (debit, f"{sealed.brand_id}:{sealed.creator_id}:pending:EUR", 0, "EUR", "posting_amount_positive"),
        (debit, f"{sealed.brand_id}:{sealed.creator_id}:pending:EUR", -5, "EUR", "posting_amount_positive"),
    ):
        with pytest.raises(DBAPIError, match=rule):
            _insert_posting(databases, str(transaction), debited, credited, amount, currency)
    for debited, credited, currency in (
        (debit, credit, "EUR"),  # no such account
        (debit, f"{sealed.brand_id}:{sealed.creator_id}:pending:EUR", "USD"),
    ):
        with pytest.raises(DBAPIError, match=r"(?i)foreign key"):
            _insert_posting(databases, str(transaction), debited, credited, 1, currency)


def _insert_posting(
    databases: Databases, transaction: str, debit: str, credit: str, amount: int, currency: str
) -> None:
    values = f"'{transaction}', 99, '{debit}', '{credit}', {amount}, '{currency}'"
    names = "transaction_id, line, debit_account_id, credit_account_id, amount_minor, currency"
    with databases.main.begin() as connection:
        connection.execute(text(f"insert into ledger_posting ({names}) values ({values})"))
