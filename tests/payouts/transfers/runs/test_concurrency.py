"""The same payout run in sixteen threads at once: each creator is paid once."""

import threading
from collections import Counter

from tests.cast.books import Books, add_creator
from tests.cast.months import OCTOBER, add_booking, later, payouts_of, seal, transfers_in
from tests.payouts.transfers.runs.provider import assert_paid_once

THREADS = 16


def run_concurrently(books: Books, when: str, work: str) -> Counter[str]:
    """For each paid payout, how many of the threads report that they paid it. No thread may fail."""
    start = threading.Barrier(THREADS)
    paid: Counter[str] = Counter()
    errors: list[BaseException] = []

    def worker() -> None:
        run = books.run(when)
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


def test_sixteen_concurrent_runs_pay_every_creator_once(books: Books) -> None:
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
    sealed.run(OCTOBER.payday).pay(sealed.brand_id)
    assert set(run_concurrently(sealed, later(OCTOBER.payday, minutes=10), "resolve").values()) == {1}
    assert_paid_once(sealed)
