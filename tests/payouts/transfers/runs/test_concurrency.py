"""The same payout run in sixteen threads at once: each creator is paid once."""

import threading
from collections import Counter

from tests.payouts.cast import Books
from tests.payouts.transfers.runs.scenes import (
    OCTOBER,
    add_booking,
    add_creator,
    assert_paid_once,
    later,
    payouts_of,
    run_at,
    seal,
    transfers_in,
)

THREADS = 16


def run_concurrently(books: Books, when: str, work: str) -> Counter[str]:
    """Paid payouts by how many of the threads say that they were paid by them. Nothing else may happen."""
    start = threading.Barrier(THREADS)
    paid: Counter[str] = Counter()
    errors: list[BaseException] = []

    def worker() -> None:
        run = run_at(books, when)
        start.wait()
        try:
            report = run.pay(books.brand_id) if work == "pay" else run.resolve_open_attempts()
            paid.update(report.paid)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=worker) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    return paid


def test_sixteen_runs_at_once_pay_everybody_once(books: Books) -> None:
    for each in (books, add_creator(books, "bert"), add_creator(books, "cleo")):
        add_booking(each, 80_00, "10-20")
    seal(books, OCTOBER)
    paid = run_concurrently(books, OCTOBER.payday, "pay")
    assert {each.state for each in payouts_of(books)} == {"paid"}
    assert set(paid.values()) == {1}
    assert len(transfers_in(books.sandbox)) == len(paid) == 3
    assert_paid_once(books)


def test_sixteen_concurrent_resolvers_book_a_lost_response_once(sealed: Books) -> None:
    sealed.sandbox.control.queue_fault("drop_after")
    run_at(sealed, OCTOBER.payday).pay(sealed.brand_id)
    assert set(run_concurrently(sealed, later(OCTOBER.payday, minutes=10), "settle").values()) == {1}
    assert_paid_once(sealed)
