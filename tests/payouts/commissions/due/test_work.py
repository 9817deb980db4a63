"""What waits to be booked is noted with its cause, by whatever writes the cause."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import read_session
from config.migrate import migrate_down, migrate_up
from config.schema import MAIN
from payouts.commissions.accrual import accrue_due
from payouts.commissions.due.sweep import missing_work, note_work
from payouts.commissions.due.work import (
    ACCRUAL,
    ADJUSTMENT,
    Work,
    brands_with_work,
    finish_work,
    waiting_work,
)
from payouts.commissions.models import BookingWork, WorkKind
from tests.cast.books import Books, add_brand, at
from tracker.ids import new_id
from tracker.sales.attribution.models import Attribution
from tracker.sales.orders.models import (
    Cancellation,
    CumulativeRefund,
    DisputeStatus,
    Refund,
    RefundFailure,
    Sale,
)

NOW = at("10-05")
EVERY_KIND = ACCRUAL | ADJUSTMENT


def a_sale(books: Books, order: str = "1001") -> Sale:
    """A sale that is booked, but not accrued yet."""
    data = books.sale_data(order, 100_00, "10-01", click=books.click(books.link_id, "10-01"))
    books.receive("sale.created", data, f"sale-{order}", at("10-01"))
    with read_session(books.databases.main) as session:
        return session.scalars(
            select(Sale).where(Sale.brand_id == books.brand_id, Sale.order_id == order)
        ).one()


def refund_of(sale: Sale) -> Refund:
    return Refund(
        id=new_id("ref", NOW),
        sale_id=sale.id,
        refund_id="r1",
        event_id=sale.event_id,
        occurred_at=NOW,
        amount_minor=10_00,
        payload_hash="",
        created_at=NOW,
    )


def failure_of(sale: Sale) -> RefundFailure:
    ids = {"id": new_id("rff", NOW), "sale_id": sale.id, "refund_id": "r1", "event_id": sale.event_id}
    return RefundFailure(**ids, occurred_at=NOW, created_at=NOW)


def cumulative_refund_of(sale: Sale) -> CumulativeRefund:
    ids = {"id": new_id("rfl", NOW), "sale_id": sale.id, "payment_id": "p1", "event_id": sale.event_id}
    return CumulativeRefund(**ids, occurred_at=NOW, amount_minor=10_00, created_at=NOW)


def cancellation_of(sale: Sale) -> Cancellation:
    ids = {"id": new_id("can", NOW), "sale_id": sale.id, "event_id": sale.event_id}
    return Cancellation(**ids, occurred_at=NOW, created_at=NOW)


def dispute_of(sale: Sale) -> DisputeStatus:
    return DisputeStatus(
        id=new_id("dsp", NOW),
        sale_id=sale.id,
        dispute_id="d1",
        status="opened",
        event_id=sale.event_id,
        occurred_at=NOW,
        amount_minor=10_00,
        payload_hash="",
        created_at=NOW,
    )


CAUSES: dict[WorkKind, Callable[[Sale], object]] = {
    WorkKind.REFUND: refund_of,
    WorkKind.REFUND_FAILED: failure_of,
    WorkKind.REFUND_LEVEL: cumulative_refund_of,
    WorkKind.CANCELLATION: cancellation_of,
    WorkKind.DISPUTE: dispute_of,
}


def work_of(books: Books) -> list[Work]:
    with read_session(books.databases.main) as session:
        return sorted(waiting_work(session, EVERY_KIND, 100), key=lambda each: each.cause_id)


def forget_everything(books: Books) -> None:
    books.write(lambda s: finish_work(s, waiting_work(s, EVERY_KIND, 100)))
    assert work_of(books) == []


def test_an_attribution_waits_to_be_accrued(books: Books) -> None:
    sale = a_sale(books)
    with read_session(books.databases.main) as session:
        attribution_id = session.scalars(select(Attribution.id)).one()
    assert work_of(books) == [Work(books.brand_id, WorkKind.ATTRIBUTION, attribution_id, sale.id)]


@pytest.mark.parametrize("kind", CAUSES)
def test_every_report_waits_to_be_entered_whatever_process_writes_it(books: Books, kind: WorkKind) -> None:
    sale = a_sale(books)
    forget_everything(books)
    cause = CAUSES[kind](sale)
    books.write(lambda s: s.add(cause))
    (waiting,) = work_of(books)
    assert (waiting.brand_id, waiting.kind, waiting.sale_id) == (books.brand_id, kind, sale.id)


def test_a_new_commission_brings_back_the_reports_that_came_before_it(books: Books) -> None:
    """They were processed to nothing while there was no commission to enter them in."""
    sale = a_sale(books)

    def all_at_once(session: Session) -> None:
        session.add_all(make(sale) for make in CAUSES.values())

    books.write(all_at_once)
    reported = {each.cause_id for each in work_of(books) if each.kind in ADJUSTMENT}
    books.write(lambda s: finish_work(s, waiting_work(s, ADJUSTMENT, 100)))
    assert {each.kind for each in work_of(books)} == ACCRUAL
    assert books.write(lambda s: accrue_due(s, NOW, 10)) == 1
    again = [each for each in work_of(books) if each.kind in ADJUSTMENT]
    assert {each.cause_id for each in again} == reported
    assert {each.kind for each in again} == set(CAUSES)
    assert {each.sale_id for each in again} == {sale.id}


def test_work_is_read_and_finished_by_brand_and_kind(books: Books) -> None:
    other = add_brand(books, creator="Bob")
    sale, theirs = a_sale(books), a_sale(other)
    books.write(lambda s: s.add(refund_of(sale)))
    with read_session(books.databases.main) as session:
        assert brands_with_work(session, ACCRUAL) == sorted([books.brand_id, other.brand_id])
        assert brands_with_work(session, ADJUSTMENT) == [books.brand_id]
        (own,) = waiting_work(session, ACCRUAL, 10, brand_id=other.brand_id)
        assert own.sale_id == theirs.id
        assert len(waiting_work(session, EVERY_KIND, 2)) == 2
    books.write(lambda s: finish_work(s, [own]))
    assert {(each.brand_id, each.kind) for each in work_of(books)} == {
        (books.brand_id, WorkKind.ATTRIBUTION),
        (books.brand_id, WorkKind.REFUND),
    }


def test_an_upgrade_notes_what_is_due_and_nothing_else(books: Books) -> None:
    books.sale("1001", 100_00, "10-01")  # accrued
    books.refund("1001", 10_00, "10-02")  # and its refund entered
    books.refund("1001", 20_00, "10-03", "waits", with_jobs=False)
    sale = a_sale(books, "1002")
    books.refund("1002", 5_00, "10-04", with_jobs=False)  # without a commission, there is nothing to enter
    engine = books.databases.main
    migrate_down(engine, MAIN, "0027")
    migrate_up(engine, MAIN)
    with read_session(engine) as session:
        refund_id = session.scalars(select(Refund.id).where(Refund.refund_id == "waits")).one()
        attribution_id = session.scalars(select(Attribution.id).where(Attribution.sale_id == sale.id)).one()
        noted = {tuple(row) for row in session.execute(select(BookingWork.kind, BookingWork.cause_id))}
    assert noted == {("attribution", attribution_id), ("refund", refund_id)}


def test_the_sweep_finds_what_is_due_and_not_noted(books: Books) -> None:
    """A page may be as small as one cause."""
    books.sale("1001", 100_00, "10-01")
    books.refund("1001", 10_00, "10-02")
    books.refund("1001", 20_00, "10-03", "waits", with_jobs=False)
    a_sale(books, "1002")
    books.refund("1002", 5_00, "10-04", with_jobs=False)  # without a commission, there is nothing to enter
    due = [each for each in work_of(books) if not (each.kind == "refund" and order_of(books, each) == "1002")]
    assert len(due) == 2
    forget_everything(books)
    assert sweep(books) == len(due)
    assert work_of(books) == due
    assert sweep(books) == 0


def order_of(books: Books, work: Work) -> str:
    with read_session(books.databases.main) as session:
        return session.get_one(Sale, work.sale_id).order_id


def sweep(books: Books) -> int:
    noted = 0
    for kind in WorkKind:
        last_id: str | None = ""
        while last_id is not None:
            with read_session(books.databases.main) as session:
                page = missing_work(session, kind, last_id, 1)
            noted += books.write(partial(note_work, missing=page.found))
            last_id = page.last_id
    return noted
