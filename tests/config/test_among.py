"""A condition on any number of values is one statement with one parameter."""

from datetime import datetime

import pytest
from sqlalchemy import Select, select

from config.among import among
from config.database import Databases, read_session, transact
from config.insert import insert_all
from tests.harness.databases.statement_log import executed_statements
from tracker.people.accounts.models import User

NAMES = ['"quoted"', "it's", "{braces}", "comma, separated", "käse", "back\\slash", ""]


def by_names() -> Select[str]:
    return select(User.name).where(among(User.name, "names")).order_by(User.id)


@pytest.fixture
def named_users(databases: Databases, now: datetime) -> Databases:
    rows = [
        {"id": f"usr_{number}", "email": f"{number}@people.example", "name": name, "created_at": now}
        for number, name in enumerate([*NAMES, "other"])
    ]
    transact(databases.main, lambda session: insert_all(session, User, rows))
    return databases


def test_rows_with_one_of_the_values_are_found(named_users: Databases) -> None:
    with read_session(named_users.main) as session:
        assert session.scalars(by_names(), {"names": NAMES}).all() == NAMES
        assert session.scalars(by_names(), {"names": ["other", "nobody"]}).all() == ["other"]
        assert session.scalars(by_names(), {"names": []}).all() == []
        without = select(User.name).where(~among(User.name, "names"))
        assert session.scalars(without, {"names": NAMES}).all() == ["other"]


def test_the_statement_is_the_same_for_any_number_of_values(named_users: Databases) -> None:
    with read_session(named_users.main) as session, executed_statements(named_users.main) as statements:
        for count in (1, 3, 100_000):
            names = [f"nobody {number}" for number in range(count)]
            assert session.scalars(by_names(), {"names": [*names, "other"]}).all() == ["other"]
    assert statements.count(statements[-1]) == 3


def test_an_index_is_used(named_users: Databases) -> None:
    """PostgreSQL would read so small a table as a whole."""
    with named_users.main.connect() as connection:
        sql = str(select(User.name).where(among(User.id, "ids")).compile(connection))
        if connection.dialect.name == "sqlite":
            plan = connection.exec_driver_sql(f"explain query plan {sql}", ("[]",)).all()
            assert any("SEARCH user_account USING INDEX" in row[3] for row in plan), plan
        else:
            connection.exec_driver_sql("set local enable_seqscan = off")
            plan = connection.exec_driver_sql(f"explain {sql}", {"ids": ["usr_1"]}).all()
            assert any("Index Cond: (id = ANY" in row[0] for row in plan), plan
