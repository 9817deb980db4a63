"""A batch of a job takes the same number of statements, however many commissions it has."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from config.database import Databases
from payouts.commissions.adjustment import adjust_due
from payouts.commissions.release import release_due
from tests.cast.books import Books, at


@contextmanager
def counted(databases: Databases) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        seen.append(statement)

    event.listen(databases.main, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(databases.main, "before_cursor_execute", note)


def sell(books: Books, first: int, last: int) -> None:
    for number in range(first, last):
        data = books.sale_data(f"S{number}", 100_00, "10-01", click=books.click(books.link_id, "10-01"))
        books.receive("sale.created", data, f"sale-S{number}", at("10-01"))
    books.run_jobs(at("10-01"))


def refund(books: Books, first: int, last: int) -> None:
    for number in range(first, last):
        books.refund(f"S{number}", 10_00, "10-05", with_jobs=False)


def release(books: Books) -> int:
    return int(books.write(lambda s: release_due(s, at("11-01"), 100, brand_id=books.brand_id)))


def adjust(books: Books) -> int:
    return int(books.write(lambda s: adjust_due(s, at("10-06"), 100, brand_id=books.brand_id)))


@pytest.mark.parametrize("job", [release, adjust])
def test_a_batch_of_twelve_takes_as_many_statements_as_one_of_two(
    books: Books, job: Callable[[Books], int]
) -> None:
    counts = []
    for first, last in ((0, 1), (1, 3), (3, 15)):  # the first one also makes the period and the accounts
        sell(books, first, last)
        if job is adjust:
            refund(books, first, last)
        with counted(books.databases) as seen:
            assert job(books) == last - first
        counts.append(len(seen))
    assert counts[1] == counts[2]
