"""Many events are recorded together as they would be one by one, by a number of statements that stays."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from config.canonical import CanonicalText
from config.database import Databases, read_session
from payouts.ledger.balances import account_balance_minor
from payouts.ledger.batches import NewTransaction, post_all
from payouts.ledger.chain import GENESIS, Link, LinkPosting, link_hash, text_hash
from payouts.ledger.models import Chain, Period, Posting, Transaction
from payouts.ledger.operations import Posted
from payouts.ledger.rules import Line
from tests.cast.books import Books, at
from tests.harness.databases.statement_log import executed_statements
from tests.harness.processes.threads import THREADS, run_concurrently
from tests.payouts.ledger.conftest import book_findings
from tracker.errors import Conflict


def deposit(key: str, amount_minor: int = 100, effective: str = "10-01", **inputs: str) -> NewTransaction:
    lines = [Line("deposit", amount_minor, "EUR")]
    return NewTransaction(
        "deposit", key, {"amount_minor": amount_minor, **inputs}, lines, "subject", at(effective)
    )


def bonus(key: str, creator_id: str, amount_minor: int) -> NewTransaction:
    lines = [Line("bonus", amount_minor, "EUR", creator_id)]
    return NewTransaction("bonus", key, {}, lines, creator_id, at("10-01"))


def post_together(books: Books, transactions: Sequence[NewTransaction], now: str = "10-02") -> list[Posted]:
    posted: list[Posted] = books.write(lambda s: post_all(s, at(now), books.brand_id, transactions))
    return posted


def keys_in_order(databases: Databases) -> list[str]:
    with read_session(databases.main) as session:
        assert book_findings(session, "chain") == []
        return list(session.scalars(select(Transaction.event_key).order_by(Transaction.seq)))


def test_events_of_a_batch_are_the_next_links_of_the_chain_in_their_order(
    books: Books, databases: Databases
) -> None:
    post_together(books, [deposit("first")])
    posted = post_together(books, [bonus("c", books.creator_id, 3), deposit("a", 5), deposit("b", 7)])
    assert keys_in_order(databases) == ["first", "c", "a", "b"]
    assert not any(each.duplicate for each in posted)
    with read_session(databases.main) as session:
        ids = list(session.scalars(select(Transaction.id).order_by(Transaction.seq)))
        assert [each.transaction_id for each in posted] == ids[1:]
        assert account_balance_minor(session, f"{books.brand_id}:brand:funding:EUR") == -112
    assert books.balance().payable_minor == 3


def test_known_events_of_a_batch_are_recognised_and_the_others_recorded(
    books: Books, databases: Databases
) -> None:
    (known,) = post_together(books, [deposit("b", note="x")])
    posted = post_together(books, [deposit("a"), deposit("b", note="x"), deposit("c")])
    assert [each.duplicate for each in posted] == [False, True, False]
    assert posted[1].transaction_id == known.transaction_id
    assert keys_in_order(databases) == ["b", "a", "c"]


def test_a_batch_with_a_conflict_writes_nothing(books: Books, databases: Databases) -> None:
    (known,) = post_together(books, [deposit("b", 100)])
    with pytest.raises(Conflict, match=rf"The event b .*{known.transaction_id}"):
        post_together(books, [deposit("a"), deposit("b", 101)])
    assert keys_in_order(databases) == ["b"]


def test_an_empty_batch_does_nothing(books: Books, databases: Databases) -> None:
    assert post_together(books, []) == []
    with read_session(databases.main) as session:
        assert session.scalar(select(func.count()).select_from(Chain)) == 0


def test_the_number_of_statements_does_not_depend_on_the_batch(books: Books, databases: Databases) -> None:
    post_together(books, [deposit("first")])
    counts = []
    for size in (2, 300):
        batch = [deposit(f"{size}-{number}") for number in range(size)]
        with executed_statements(databases.main) as statements:
            post_together(books, batch)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 9


def test_each_event_of_a_batch_counts_in_its_own_period(books: Books, databases: Databases) -> None:
    """August and October are closed: November is the oldest that is not; December did not exist."""
    post_together(books, [deposit("a", effective="09-15"), deposit("b", effective="11-15")])
    books.end("2026-10", "12-01")
    times = ["08-20", "12-03", "10-31 23:59", "11-01 00:00", "2027-02-01T00:00:00", "12-31 23:59"]
    batch = [deposit(time, effective=time) for time in times]
    posted = post_together(books, batch, "2027-02-02T12:00")
    with read_session(databases.main) as session:
        names = {period.id: period.name for period in session.scalars(select(Period))}
    expected = ["2026-11", "2026-12", "2026-11", "2026-11", "2027-02", "2026-12"]
    assert [names[each.period_id] for each in posted] == expected


def test_concurrent_batches_that_share_events_record_each_once(books: Books, databases: Databases) -> None:
    def some(first: int) -> list[bool]:
        return [each.duplicate for each in post_together(books, [deposit(f"d{first + n}") for n in range(4)])]

    results = run_concurrently(*[lambda n=number: some(n) for number in range(THREADS)])
    assert sum(not duplicate for each in results for duplicate in each) == THREADS + 3
    assert len(set(keys_in_order(databases))) == THREADS + 3
    with read_session(databases.main) as session:
        assert session.scalar(select(func.count()).select_from(Posting)) == THREADS + 3


def test_the_bytes_that_are_hashed_stay_those_of_earlier_versions() -> None:
    """The hash was computed by the version before transactions were written in batches."""
    link = Link(
        id="txn_1",
        brand_id="brd_1",
        seq=7,
        kind="accrue",
        event_key="accrue:com_1:atr_1",
        inputs=CanonicalText('{"cause":"atr_1","reason":"käse"}'),
        inputs_hash=text_hash('{"cause":"atr_1","reason":"käse"}'),
        subject_id="com_1",
        period_id="per_1",
        effective_at=datetime(2026, 10, 1, 12, 30, tzinfo=UTC),
        recorded_at=datetime(2026, 10, 2, 1, 2, 3, 40, tzinfo=UTC),
        previous_hash=GENESIS,
    )
    postings = [
        LinkPosting("txn_1", 2, "brd_1:brand:fx:EUR", "brd_1:crt_1:payable:EUR", 5, "EUR"),
        LinkPosting("txn_1", 1, "brd_1:brand:commission_expense:EUR", "brd_1:crt_1:pending:EUR", 1000, "EUR"),
    ]
    assert link.inputs_hash == "5d1736c4284472c859f0541d3298091c26fb32d81dcaccebfdc3fd62da7fd795"
    assert link_hash(link, postings) == "66db69c69b4f83b16b4ae419633cab3270d9770348fd79bf8664d13bdea6b263"
