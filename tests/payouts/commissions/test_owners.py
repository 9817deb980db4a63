"""Work that is asked for one brand, or for one creator, is done for that one and for nobody else."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy.orm import Session

from config.database import Databases, transact
from payouts.commissions.accrual import accrue_due
from payouts.commissions.adjustment import adjust_due, enter_what_waits
from payouts.commissions.event_holds import hold_for_events, lift_for_events
from payouts.commissions.release import hold_again, mature_due
from tests.harness.databases.snapshots import Snapshot, database_seed_for
from tests.payouts.cast import at
from tests.payouts.owners import OWNERS, whose

NOW = at("12-20")
Job = Callable[..., int | None]
Ids = dict[str, tuple[str, str]]
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

database_seed = database_seed_for(owners=OWNERS)


@pytest.fixture
def owners(snapshot: Snapshot) -> Ids:
    found: Ids = snapshot.known[1]
    return found


def done_for(databases: Databases, job: str, kind: str, **asked: str) -> set[str]:
    """Whose work of that kind is done by the job, when it is asked until nothing is left."""

    def work(session: Session) -> None:
        while JOBS[job](session, NOW, **asked):
            session.flush()

    return whose(databases, kind, lambda: transact(databases.main, work))


@pytest.mark.parametrize(("job", "kind"), OF_A_BRAND)
def test_what_is_asked_for_a_brand_leaves_the_work_of_others_alone(
    databases: Databases, owners: Ids, job: str, kind: str
) -> None:
    ours, theirs = owners["anna"][0], owners["mugs"][0]
    assert done_for(databases, job, kind, brand_id=ours) == {"anna", "bob"}
    assert done_for(databases, job, kind, brand_id=theirs) == {"mugs"}


@pytest.mark.parametrize(("job", "kind"), OF_A_CREATOR)
def test_what_is_asked_for_a_creator_leaves_the_work_of_others_alone(
    databases: Databases, owners: Ids, job: str, kind: str
) -> None:
    """Of one who works for two brands it is done for the one that is named."""
    for name in ("anna", "bob", "mugs"):
        brand_id, creator_id = owners[name]
        assert done_for(databases, job, kind, brand_id=brand_id, creator_id=creator_id) == {name}
