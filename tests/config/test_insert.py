"""insert_once, insert_new and insert_all: the database decides which insert was first."""

import threading
from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from config.columns import BigInt, Bytes, CanonicalJson, Flag, UtcTime
from config.database import Databases, read_session, transact
from config.insert import insert_all, insert_missing_tuples, insert_new, insert_once
from tracker.people.accounts.models import Brand, Membership, User

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
    with read_session(databases.main) as session:
        assert session.query(User.id).all() == [("usr_1",)]


def test_only_one_of_many_concurrent_inserts_succeeds(databases: Databases, now: datetime) -> None:
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


def test_pending_rows_are_flushed_before_the_insert(databases: Databases, now: datetime) -> None:
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


def test_other_constraint_violations_raise(databases: Databases, now: datetime) -> None:
    with pytest.raises(IntegrityError):
        transact(
            databases.main,
            lambda session: insert_once(
                session, Membership, brand_id="brd_none", user_id="usr_none", role="owner", created_at=now
            ),
        )


class Base(DeclarativeBase):
    pass


class EveryType(Base):
    """One column of every type, for `insert_all`."""

    __tablename__ = "every_type"
    id: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str | None]
    number: Mapped[int | None] = mapped_column(BigInt)
    raw: Mapped[bytes | None] = mapped_column(Bytes)
    at: Mapped[datetime | None] = mapped_column(UtcTime)
    flag: Mapped[bool | None] = mapped_column(Flag)
    value: Mapped[list[object] | None] = mapped_column(CanonicalJson)


def user_rows(now: datetime, *emails: str) -> list[dict[str, object]]:
    return [
        {"id": f"usr_{number}", "email": email, "name": "One", "created_at": now}
        for number, email in enumerate(emails)
    ]


@pytest.mark.parametrize("former", [[], ["b@people.example"]])
def test_insert_new_returns_only_rows_with_free_keys(
    databases: Databases, now: datetime, former: list[str]
) -> None:
    rows = user_rows(now, "a@people.example", "b@people.example", "a@people.example", "c@people.example")

    def work(session: Session) -> set[str]:
        for email in former:
            insert_once(session, User, id="usr_former", email=email, name="One", created_at=now)
        return insert_new(session, User, rows)

    assert transact(databases.main, work) == {"usr_0", "usr_1", "usr_3"} - ({"usr_1"} if former else set())


def test_insert_all_raises_and_writes_nothing_if_a_key_is_taken(databases: Databases, now: datetime) -> None:
    rows = user_rows(now, "a@people.example", "a@people.example")
    with pytest.raises(IntegrityError):
        transact(databases.main, lambda session: insert_all(session, User, rows))
    with read_session(databases.main) as session:
        assert session.query(User.id).all() == []


def test_tuples_whose_keys_are_taken_are_left_out(databases: Databases) -> None:
    first, second, third = ("1", 'Zoë\'s "tea" %s', 2**62), ("2", None, -1), ("3", "", None)

    def insert(session: Session) -> None:
        for rows in ([], [first, second], [(second[0], "other", 7), third]):
            insert_missing_tuples(session, EveryType, ("id", "text", "number"), rows)

    Base.metadata.create_all(databases.main)
    try:
        transact(databases.main, insert)
        columns = (EveryType.id, EveryType.text, EveryType.number)
        with read_session(databases.main) as session:
            found = session.execute(select(*columns).order_by(EveryType.id)).all()
    finally:
        Base.metadata.drop_all(databases.main)
    assert [tuple(row) for row in found] == [first, second, third]


def test_insert_all_round_trips_every_column_type(databases: Databases, now: datetime) -> None:
    names = ("text", "number", "raw", "at", "flag", "value")
    given = [
        ('Zoë\'s "tea", {cheap} \\ 100 %s', 1, b"\x00\xff{\"'", now, True, ['a"b', None, {"k": 1}]),
        (None, None, None, None, None, None),
        ("", -(2**62), b"", now.replace(microsecond=7), False, []),
        ("null", 2**62, b"NULL", now, None, ["\\"]),
    ]
    rows = [{"id": str(number), **dict(zip(names, row, strict=True))} for number, row in enumerate(given)]
    Base.metadata.create_all(databases.main)
    try:
        transact(databases.main, lambda session: insert_all(session, EveryType, rows))
        columns = [getattr(EveryType, name) for name in names]
        with read_session(databases.main) as session:
            found = session.execute(select(*columns).order_by(EveryType.id)).all()
    finally:
        Base.metadata.drop_all(databases.main)
    assert [tuple(row) for row in found] == given
