"""insert_once: the database says who was first."""

import threading
from datetime import datetime

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from config.database import Databases, reading, transact
from config.insert import insert_once
from tracker.people.models import Brand, Membership, User

THREADS = 16


def insert_user(session: Session, number: int, now: datetime) -> bool:
    return insert_once(
        session, User, id=f"usr_{number}", email="one@people.example", name="One", created_at=now
    )


def test_the_second_insert_of_a_key_writes_nothing_and_leaves_the_transaction_usable(
    databases: Databases, now: datetime
) -> None:
    outcomes = transact(databases.main, lambda session: [insert_user(session, each, now) for each in (1, 2)])
    assert outcomes == [True, False]
    with reading(databases.main) as session:
        assert session.query(User.id).all() == [("usr_1",)]


def test_of_many_at_once_exactly_one_is_first(databases: Databases, now: datetime) -> None:
    start = threading.Barrier(THREADS)
    outcomes: list[bool] = []

    def insert(number: int) -> None:
        start.wait()
        outcomes.append(transact(databases.main, lambda session: insert_user(session, number, now)))

    threads = [threading.Thread(target=insert, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False] * (THREADS - 1) + [True]


def test_a_row_that_the_session_holds_back_is_written_first(databases: Databases, now: datetime) -> None:
    def work(session: Session) -> bool:
        session.add(
            Brand(
                id="brd_1",
                name="Teas",
                currency="EUR",
                timezone="UTC",
                minimum_minor=0,
                cadence="month",
                review_days=7,
                attribution_model="last",
                coupon_policy="never",
                created_at=now,
            )
        )
        session.add(User(id="usr_1", email="one@people.example", name="One", created_at=now))
        return insert_once(
            session, Membership, brand_id="brd_1", user_id="usr_1", role="owner", created_at=now
        )

    assert transact(databases.main, work)


def test_other_constraints_are_not_passed_over(databases: Databases, now: datetime) -> None:
    with pytest.raises(IntegrityError):
        transact(
            databases.main,
            lambda session: insert_once(
                session, Membership, brand_id="brd_none", user_id="usr_none", role="owner", created_at=now
            ),
        )
