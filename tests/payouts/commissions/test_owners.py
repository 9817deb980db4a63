"""A job that is run for one brand or one creator does not touch others."""

from collections.abc import Callable, Sequence
from functools import partial

import pytest
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from payouts.commissions.accrual import accrue_due
from payouts.commissions.adjustment import adjust_due, brands_to_adjust, enter_pending_reports
from payouts.commissions.due.work import ACCRUAL, brands_with_work
from payouts.commissions.holds.of_events import hold_for_events, lift_for_events
from payouts.commissions.holds.reapplying import reapply_holds
from payouts.commissions.release import brands_to_release, release_due
from tests.cast.books import Books, at
from tests.cast.months import (
    names_changed_by,
    open_three_books,
    pay_october_from_deposit,
    refund_sales,
    report_sales,
    return_payouts,
    seed_after,
)
from tests.harness.databases.snapshots import Snapshot, database_seed_for
from tracker.sales.inbox.apply_or_park import dismiss

NOW = at("12-20")
Job = Callable[..., int | None]
Ids = dict[str, tuple[str, str]]
"""By name the ids of the brand and of the creator."""

JOBS: dict[str, Job] = {
    "accrue_due": partial(accrue_due, limit=100),
    "adjust_due": partial(adjust_due, limit=100),
    "release_due": partial(release_due, limit=100),
    "reapply_holds": reapply_holds,
    "hold_for_events": partial(hold_for_events, limit=100),
    "lift_for_events": partial(lift_for_events, limit=100),
    "enter_pending_reports": enter_pending_reports,
}
BRAND_JOBS = [
    ("accrue_due", "reported"),
    ("adjust_due", "refunded"),
    ("adjust_due", "named"),
    ("adjust_due", "dismissed"),
    ("release_due", "releasable"),
    ("release_due", "returned"),
    ("reapply_holds", "returned"),
    ("hold_for_events", "named"),
    ("lift_for_events", "dismissed"),
    ("enter_pending_reports", "refunded"),
    ("enter_pending_reports", "returned"),
]
CREATOR_JOBS = [
    ("adjust_due", "refunded"),
    ("reapply_holds", "returned"),
    ("enter_pending_reports", "refunded"),
    ("enter_pending_reports", "returned"),
]


def seed_pending_work_of_every_kind(books: Books) -> Ids:
    """Orders have the ids "<kind> <name>", and each is worth 1,000.00.

    reported: a sale without a commission. refunded: a refund that is not entered. releasable: a commission
    whose release date has come. returned: a disputed one whose payout came back. named: a released one whose
    order is named by a parked message. dismissed: one held for a message that was dismissed.
    """
    owners = open_three_books(books)
    mugs = owners["mugs"]
    report_sales(owners, "10-01", "returned")
    payout_ids = [*pay_october_from_deposit(books), *pay_october_from_deposit(mugs)]
    report_sales(owners, "10-15", "named", "dismissed")
    report_sales(owners, "11-15", "refunded", "releasable")
    books.run_jobs(at("11-20"))
    parked = [refund_in_dollars(each, f"dismissed {name}") for name, each in owners.items()]
    for name, each in owners.items():  # this runs the jobs for the last time
        each.dispute(f"returned {name}", "opened", 1000_00, "11-21")
    for name, each in owners.items():
        refund_in_dollars(each, f"named {name}")
    refund_sales(owners, "11-22")
    books.write(lambda s: dismiss_all(s, parked))
    return_payouts(books, payout_ids, "11-23")
    report_sales(owners, "12-01", "reported")
    return {name: (each.brand_id, each.creator_id) for name, each in owners.items()}


def refund_in_dollars(books: Books, order: str) -> str:
    """A refund in another currency cannot be applied: its event is parked."""
    return books.refund(order, 10_00, "11-21", currency="USD", with_jobs=False).event_id


def dismiss_all(session: Session, event_ids: list[str]) -> None:
    for event_id in event_ids:
        dismiss(session, event_id, reason="a mistake")


database_seed = database_seed_for(ids_by_name=seed_after(seed_pending_work_of_every_kind))


@pytest.fixture
def ids_by_name(snapshot: Snapshot) -> Ids:
    found: Ids = snapshot.known[1]
    return found


def names_done_for(databases: Databases, job: str, kind: str, **owner: str) -> set[str]:
    """The names whose work of that kind the job does, when it is repeated until nothing is left."""

    def work(session: Session) -> None:
        while JOBS[job](session, NOW, **owner):
            session.flush()

    return names_changed_by(databases, kind, lambda: transact(databases.main, work))


@pytest.mark.parametrize(("job", "kind"), BRAND_JOBS)
def test_job_for_one_brand_does_not_touch_other_brands(
    databases: Databases, ids_by_name: Ids, job: str, kind: str
) -> None:
    ours, theirs = ids_by_name["anna"][0], ids_by_name["mugs"][0]
    assert names_done_for(databases, job, kind, brand_id=ours) == {"anna", "bob"}
    assert names_done_for(databases, job, kind, brand_id=theirs) == {"mugs"}


@pytest.mark.parametrize(("job", "kind"), CREATOR_JOBS)
def test_job_for_one_creator_does_not_touch_other_creators(
    databases: Databases, ids_by_name: Ids, job: str, kind: str
) -> None:
    """A creator may work for two brands: the job is done for the given one."""
    for name in ("anna", "bob", "mugs"):
        brand_id, creator_id = ids_by_name[name]
        assert names_done_for(databases, job, kind, brand_id=brand_id, creator_id=creator_id) == {name}


DUE: dict[str, Callable[[Session], Sequence[str]]] = {
    "accrue_due": partial(brands_with_work, kinds=ACCRUAL),
    "adjust_due": brands_to_adjust,
    "release_due": partial(brands_to_release, now=NOW),
}


@pytest.mark.parametrize("job", DUE)
def test_brands_with_something_to_do_are_found_by_a_read(
    databases: Databases, ids_by_name: Ids, job: str
) -> None:
    ours, theirs = ids_by_name["anna"][0], ids_by_name["mugs"][0]

    def due() -> list[str]:
        with read_session(databases.main) as session:
            return sorted(DUE[job](session))

    def until_nothing_is_left(session: Session) -> None:
        while JOBS[job](session, NOW, brand_id=ours):
            session.flush()

    assert due() == sorted([ours, theirs])
    transact(databases.main, until_nothing_is_left)
    assert due() == [theirs]
