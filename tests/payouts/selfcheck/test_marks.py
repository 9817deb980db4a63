"""A check starts at the mark of the last one that found no fault; a fault of the books keeps it there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from config.database import read_session
from payouts.ledger.chain import link_hash
from payouts.ledger.models import Chain, Posting, Transaction
from payouts.selfcheck.checks import Promise
from payouts.selfcheck.marks import record_mark, signed_content
from payouts.selfcheck.models import Mark
from payouts.selfcheck.runs import CheckRun, run_check
from tests.cast.books import Books, add_brand, at
from tests.cast.months import DEFAULT_SEED, NOVEMBER, seed_after
from tests.harness.databases.snapshots import database_seed_for
from tests.payouts.selfcheck.changes import AFTER, BEFORE
from tests.payouts.selfcheck.test_corruption import PAID, corrupted, pay_two_creators
from tracker.evidence_key import FILE, is_signed, load_evidence_key

EARLIER, LATER = at("2026-12-10T00:00:00"), at("2026-12-20T00:00:00")


def pay_and_go_on(books: Books) -> None:
    """Two months, a check, and then a paid statement, a sale, a refund without a posting, and a bonus."""
    pay_two_creators(books)
    assert checked(books, EARLIER) == []
    assert books.run(NOVEMBER.payday).pay(books.brand_id).paid
    books.sale("S3", 300_00, "12-12")
    books.refund("S3", 100_00, "12-13")


MARKED = seed_after(pay_and_go_on)
database_seed = database_seed_for(marked=MARKED, paid=PAID, books=DEFAULT_SEED)


@pytest.fixture
def paid(books: Books) -> Books:
    """Two sealed months. The first was paid to two creators. Nothing was checked yet."""
    return books


@pytest.fixture
def marked(books: Books) -> Books:
    """Books with a mark, to which transactions were added after it."""
    return books


def checked(books: Books, now: Any = LATER, **options: Any) -> list[str]:
    run = run_check(books.databases.main, books.settings, now, **options)
    return [each.message for each in run.result.in_order()]


def check_in(session: Session, books: Books, **options: Any) -> CheckRun:
    """A check that sees what the session has changed, and records nothing."""
    view: dict[str, Any] = {"reads": lambda: nullcontext(session), "write": lambda _work: None}
    return run_check(books.databases.main, books.settings, LATER, **view, **options)


def marks(books: Books) -> list[Mark]:
    with read_session(books.databases.main) as session:
        return list(session.scalars(select(Mark).order_by(Mark.number)))


def plant(books: Books, change: str) -> None:
    with corrupted(books.databases, change, keep=True):
        pass


def test_the_first_check_looks_at_everything_and_the_next_at_what_came_since(paid: Books) -> None:
    first = run_check(paid.databases.main, paid.settings, EARLIER)
    assert (first.is_full, first.result.in_order()) == (True, [])
    (mark,) = marks(paid)
    with read_session(paid.databases.main) as session:
        chain = session.get_one(Chain, paid.brand_id)
        assert (mark.seq, mark.hash, mark.findings) == (chain.seq, chain.head_hash, 0)
    paid.sale("S9", 100_00, "12-11")
    second = run_check(paid.databases.main, paid.settings, LATER)
    assert (second.is_full, second.result.in_order()) == (False, [])
    assert [each.since for each in marks(paid)] == [EARLIER, EARLIER]
    assert marks(paid)[1].seq == mark.seq + 1


def test_a_mark_has_the_balances_of_the_ledger_and_a_signature_of_the_evidence_key(paid: Books) -> None:
    assert checked(paid) == []
    (mark,) = marks(paid)
    account = f"{paid.brand_id}:{paid.creator_id}:payable:EUR"
    assert mark.balances[account] == paid.balance().payable_minor
    assert all(mark.balances.values())
    key = load_evidence_key(paid.settings.home)
    assert is_signed(key.key_id, signed_content(mark), mark.signature)
    assert not is_signed(key.key_id, signed_content(mark) + b" ", mark.signature)
    assert (paid.settings.home / FILE).stat().st_mode & 0o777 == 0o600


def test_a_check_at_a_mark_reads_the_same_number_of_times_whatever_came_before(paid: Books) -> None:
    def reads_since_mark(order: str) -> int:
        assert checked(paid, EARLIER) == []
        paid.sale(order, 100_00, "12-11")
        queries = 0

        def count(*_: object) -> None:
            nonlocal queries
            queries += 1

        event.listen(paid.databases.main, "before_cursor_execute", count)
        assert checked(paid) == []
        event.remove(paid.databases.main, "before_cursor_execute", count)
        return queries

    few = reads_since_mark("S1")
    for number in range(10):
        paid.sale(f"more-{number}", 100_00, "12-11")
    assert reads_since_mark("S2") == few


def test_a_fault_in_what_came_after_the_mark_is_found_at_once(marked: Books) -> None:
    (mark,) = marks(marked)
    missed = []
    for what, change in AFTER.items():
        with corrupted(marked.databases, change.replace("{seq}", str(mark.seq))) as session:
            found = check_in(session, marked)
            if found.is_full or not found.result.faults_of_books:
                missed.append(what)
    assert missed == []
    assert checked(marked) == []
    assert len(marks(marked)) == 2


def test_what_changes_without_a_posting_is_checked_too(paid: Books) -> None:
    paid.sale("S9", 100_00, "12-08")
    assert checked(paid, EARLIER) == []
    change = "update commission set rate_bp = 5000 where created_at > '2026-12-08'"
    for expected in (0, 1):
        with corrupted(paid.databases, change) as session:
            run = check_in(session, paid)
        assert (run.is_full, run.result.faults_of_books) == (False, expected)
        paid.dispute("S9", "opened", 100_00, "12-12")
    assert [each.seq for each in marks(paid)] == [chain_seq(paid)]


def chain_seq(books: Books) -> int:
    with read_session(books.databases.main) as session:
        return session.get_one(Chain, books.brand_id).seq


@pytest.mark.parametrize("what", BEFORE)
def test_a_fault_before_the_mark_is_found_by_the_next_check_of_everything(marked: Books, what: str) -> None:
    with corrupted(marked.databases, BEFORE[what]) as session:
        assert check_in(session, marked, full=True).result.faults_of_books
    assert checked(marked, full=True) == []


def test_after_a_sweep_that_found_a_fault_every_check_looks_at_everything(marked: Books) -> None:
    plant(marked, BEFORE["a rate"])
    assert checked(marked) == []
    (fault,) = checked(marked, full=True)
    assert checked(marked) == [fault]
    plant(marked, "update commission set rate_bp = 1000 where created_at < '2026-11-01'")
    assert checked(marked) == []
    assert run_check(marked.databases.main, marked.settings, LATER).marks


def test_the_mark_stays_where_it_is_while_there_is_a_fault_after_it(marked: Books) -> None:
    before = [each.number for each in marks(marked)]
    plant(marked, AFTER["a refund"])
    assert "by its sale and refunds" in checked(marked)[0]
    assert checked(marked) == checked(marked)
    assert [each.number for each in marks(marked)] == before


@pytest.mark.parametrize("full", [False, True])
def test_a_mark_does_not_hide_what_another_check_has_found_meanwhile(marked: Books, full: bool) -> None:
    def find_faults_first(work: Callable[[Session], Any]) -> Any:
        plant(marked, BEFORE["a rate"])
        assert checked(marked, full=True)
        return marked.write(work)

    assert checked(marked, write=find_faults_first, full=full) == []
    assert [each.findings > 0 for each in marks(marked)] == [False, True]
    assert checked(marked)


def test_a_sweep_does_not_hide_what_was_changed_after_it_had_read_it(marked: Books) -> None:
    """The change came after the mark, so that checks since the mark find it while the sweep goes on."""
    since_mark, both = reads_of(marked, full=False), reads_of(marked, full=True)
    assert reads_of(marked, full=True, change_before=both - since_mark)
    assert checked(marked)


def reads_of(books: Books, *, full: bool, change_before: int = 0) -> int:
    """The number of reads of a check, which records nothing. It finds what is changed before one of them."""
    count = 0

    @contextmanager
    def reads() -> Iterator[Session]:
        nonlocal count
        count += 1
        if count == change_before:
            plant(books, AFTER["an entry"])
        with read_session(books.databases.main) as session:
            yield session

    found = checked(books, full=full, reads=reads, write=lambda _work: None)
    assert bool(found) is bool(change_before)
    return count


CHANGES_OF_MARKS = {
    "was changed after it was signed": "update ledger_mark set seq = seq - 1",
    "other balances than it was signed with": "update ledger_mark set balances = '{{}}'",
}


@pytest.mark.parametrize("words", CHANGES_OF_MARKS)
def test_a_changed_mark_is_a_fault_and_everything_is_checked(marked: Books, words: str) -> None:
    with corrupted(marked.databases, CHANGES_OF_MARKS[words]) as session:
        run = check_in(session, marked)
    (finding,) = run.result.of(Promise.MARKS)
    assert words in finding.message
    assert (run.is_full, finding.subject_id) == (True, marked.brand_id)


def rewrite(session: Session, brand_id: str) -> None:
    """Give the first transaction another time, and all that follow the hashes that fit it."""
    head = ""
    chain = session.get_one(Chain, brand_id)
    for each in session.scalars(
        select(Transaction).where(Transaction.brand_id == brand_id).order_by(Transaction.seq)
    ):
        each.recorded_at += timedelta(seconds=0 if head else 1)
        each.previous_hash = head or each.previous_hash
        postings = session.scalars(select(Posting).where(Posting.transaction_id == each.id)).all()
        each.hash = chain.head_hash = head = link_hash(each, postings)
    session.flush()


def test_books_that_were_rewritten_consistently_are_found_by_the_mark_alone(marked: Books) -> None:
    with corrupted(marked.databases, "update ledger_chain set seq = seq") as session:
        rewrite(session, marked.brand_id)
        for full in (False, True):
            (finding,) = check_in(session, marked, full=full).result.in_order()
            assert "does not fit the books, which were changed before it" in finding.message


def test_a_mark_of_another_installation_is_not_trusted(marked: Books, tmp_path: Path) -> None:
    other = marked.settings.model_copy(update={"home": tmp_path})
    for full in (True, False):
        run = run_check(marked.databases.main, other, LATER)
        assert (run.is_full, run.result.in_order()) == (full, [])
    assert not run_check(marked.databases.main, marked.settings, LATER).is_full


def test_only_the_last_marks_are_kept_and_no_mark_is_made_where_nothing_happened(books: Books) -> None:
    for number in range(6):
        books.sale(f"S{number}", 100_00, "10-01")
        for _ in range(2):
            assert checked(books) == []
    assert [each.seq for each in marks(books)] == [4, 5, 6]


def test_a_brand_without_books_and_a_new_brand_are_checked_beside_the_others(marked: Books) -> None:
    mugs = add_brand(marked)
    for full in (True, False, False):
        run = run_check(marked.databases.main, marked.settings, LATER)
        assert (run.found[mugs.brand_id].mark is None, run.result.in_order()) == (full, [])
        assert run.found[marked.brand_id].mark is not None
    mugs.sale("M1", 100_00, "12-14")
    with corrupted(
        marked.databases, "update commission set rate_bp = 5000 where created_at > '2026-12-14'"
    ) as s:
        (finding,) = check_in(s, marked).result.in_order()
    assert finding.subject_id == mugs.commission("M1").id


def test_recording_is_refused_after_faults_and_faults_are_recorded_once(marked: Books) -> None:
    plant(marked, BEFORE["a rate"])
    for _ in range(3):
        assert checked(marked, full=True)
    assert [each.findings for each in marks(marked)] == [0, 1]
    key, books = load_evidence_key(marked.settings.home), run_check_end(marked)
    recorded = marked.write(
        lambda s: record_mark(
            s, key, books, made_at=LATER, since=LATER, findings=0, last_number=marks(marked)[0].number
        )
    )
    assert recorded is False


def run_check_end(books: Books) -> Any:
    with read_session(books.databases.main) as session:
        (end,) = check_in(session, books, full=True).result.ends
    return end
