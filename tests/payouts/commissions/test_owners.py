"""Work that is asked for one brand, or for one creator, is done for that one and for nobody else.

In the opening each of three owners has work of every kind: Anna and Bob at one brand, and Anna at another.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import Databases, transact
from payouts.commissions.accrual import accrue_due
from payouts.commissions.adjustment import adjust_due, enter_what_waits
from payouts.commissions.models import Commission, Entry, Hold
from payouts.commissions.release import hold_again, mature_due
from payouts.commissions.unsettled import hold_for_events, lift_for_events
from payouts.transfers.returns import record_return
from tests.payouts.cast import Books, after, at
from tests.payouts.commissions.people import click
from tests.payouts.payout_runs.scenes import OCTOBER, add_creator, open_brand, owe, run_at, seal
from tests.stages import Stage, opening_for
from tracker.sales.inbox import dismiss
from tracker.sales.models import Sale

NOW = at("12-20")
Job = Callable[..., int | None]
Owners = dict[str, tuple[str, str]]
"""By name the ids of the brand and of the creator."""

JOBS: dict[str, Job] = {
    "accrue_due": partial(accrue_due, limit=100),
    "adjust_due": partial(adjust_due, limit=100),
    "mature_due": partial(mature_due, limit=100),
    "hold_again": hold_again,
    "hold_for_events": partial(hold_for_events, limit=100),
    "lift_for_events": partial(lift_for_events, limit=100),
    "enter_what_waits": enter_what_waits,
}
# reported: a sale that has no commission yet. refunded: a refund that is not entered.
# ripe: a commission whose hold is over. returned: a disputed one whose payout came back.
# named: a released one whose order a parked message names. dismissed: held for a message that was dismissed.
OF_A_BRAND = [
    ("accrue_due", "reported"),
    ("adjust_due", "refunded"),
    ("adjust_due", "named"),
    ("adjust_due", "dismissed"),
    ("mature_due", "ripe"),
    ("mature_due", "returned"),
    ("hold_again", "returned"),
    ("hold_for_events", "named"),
    ("lift_for_events", "dismissed"),
    ("enter_what_waits", "refunded"),
    ("enter_what_waits", "returned"),
]
OF_A_CREATOR = [
    ("adjust_due", "refunded"),
    ("hold_again", "returned"),
    ("enter_what_waits", "refunded"),
    ("enter_what_waits", "returned"),
]


def work_of_every_kind(books: Books) -> Owners:
    """Each order is called after what is to be done about it, and after its owner."""
    bobs = add_creator(books, "Bob")
    mugs = open_brand(
        books.settings, books.databases, books.sandbox, name="Mugs", creator_id=books.creator_id
    )
    owners = {"anna": books, "bob": bobs, "mugs": mugs}
    sell(owners, "10-01", "returned")
    payout_ids = [*pay_october(books), *pay_october(mugs)]
    sell(owners, "10-15", "named", "dismissed")
    sell(owners, "11-15", "refunded", "ripe")
    books.settle(at("11-20"))
    parked = [refund_in_dollars(each, f"dismissed {name}") for name, each in owners.items()]
    for name, each in owners.items():  # with this the jobs run for the last time
        each.dispute(f"returned {name}", "opened", 1000_00, "11-21")
    for name, each in owners.items():
        refund_in_dollars(each, f"named {name}")
        each.refund(f"refunded {name}", 400_00, "11-22", entered=False)
    books.write(lambda s: dismiss_and_return(s, parked, payout_ids))
    sell(owners, "12-01", "reported")
    return {name: (each.brand_id, each.creator_id) for name, each in owners.items()}


def sell(owners: dict[str, Books], when: str, *kinds: str) -> None:
    """Reported only: the jobs come later."""
    amounts = {"currency": "EUR", "total": 1000_00, "tax": 0, "shipping": 0, "discount": 0}
    for order, each in ((f"{kind} {name}", each) for kind in kinds for name, each in owners.items()):
        token = click(each, each.link_id, when)
        data = {"order_id": order, "occurred_at": at(when).isoformat(), "click": token} | amounts
        each.report("sale.created", data, order, at(when), entered=False)


def pay_october(books: Books) -> list[str]:
    owe(books, 200_00, "10-01", kind="deposit")
    seal(books, OCTOBER)
    return run_at(books, OCTOBER.payday, rail_shared=True).pay(books.brand_id).paid


def refund_in_dollars(books: Books, order: str) -> str:
    """Nobody can apply it: its event is parked."""
    return books.refund(order, 10_00, "11-21", currency="USD", entered=False).event_id


def dismiss_and_return(session: Session, event_ids: list[str], payout_ids: list[str]) -> None:
    for event_id in event_ids:
        dismiss(session, event_id, reason="a mistake")
    for each in payout_ids:
        record_return(session, at("11-23"), payout_id=each, reversal_ref=f"trr-{each}", amount_minor=100_00)


opening = opening_for(owners=after(work_of_every_kind))


@pytest.fixture
def owners(stage: Stage) -> Owners:
    found: Owners = stage.known[1]
    return found


def done_for(databases: Databases, job: str, kind: str, **asked: str) -> set[str]:
    """Whose work of that kind is done by the job, when it is asked until nothing is left."""

    def work(session: Session) -> set[str]:
        before = traces(session)
        while JOBS[job](session, NOW, **asked):
            session.flush()
        changed = [order.split() for order, *_trace in traces(session) - before]
        return {name for what, name in changed if what == kind}

    return transact(databases.main, work)


def traces(session: Session) -> set[tuple[Any, ...]]:
    """What was ever done about each order: the entries of its commission, its holds and when they ended."""
    query = (
        select(Sale.order_id, Entry.id, Hold.id, Hold.lifted_at)
        .outerjoin(Commission, Commission.sale_id == Sale.id)
        .outerjoin(Entry, Entry.commission_id == Commission.id)
        .outerjoin(Hold, Hold.commission_id == Commission.id)
    )
    return {tuple(row) for row in session.execute(query)}


@pytest.mark.parametrize(("job", "kind"), OF_A_BRAND)
def test_what_is_asked_for_a_brand_leaves_the_work_of_others_alone(
    databases: Databases, owners: Owners, job: str, kind: str
) -> None:
    ours, theirs = owners["anna"][0], owners["mugs"][0]
    assert done_for(databases, job, kind, brand_id=ours) == {"anna", "bob"}
    assert done_for(databases, job, kind, brand_id=theirs) == {"mugs"}


@pytest.mark.parametrize(("job", "kind"), OF_A_CREATOR)
def test_what_is_asked_for_a_creator_leaves_the_work_of_others_alone(
    databases: Databases, owners: Owners, job: str, kind: str
) -> None:
    """Of one who works for two brands it is done for the one that is named."""
    for name in ("anna", "bob", "mugs"):
        brand_id, creator_id = owners[name]
        assert done_for(databases, job, kind, brand_id=brand_id, creator_id=creator_id) == {name}
