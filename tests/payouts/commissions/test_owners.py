"""Work that is asked for one brand, or for one creator, is done for that one and for nobody else."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy.orm import Session

from config.database import Databases, transact
from payouts.commissions.accrual import accrue_due
from payouts.commissions.adjustment import adjust_due, enter_pending_reports
from payouts.commissions.event_holds import hold_for_events, lift_for_events
from payouts.commissions.release import reapply_holds, release_due
from tests.harness.databases.snapshots import Snapshot, database_seed_for
from tests.payouts.cast import at
from tests.payouts.owners import PENDING_WORK_SEED, names_changed_by

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
    ("release_due", "ripe"),
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

database_seed = database_seed_for(ids_by_name=PENDING_WORK_SEED)


@pytest.fixture
def ids_by_name(snapshot: Snapshot) -> Ids:
    found: Ids = snapshot.known[1]
    return found


def names_done_for(databases: Databases, job: str, kind: str, **asked: str) -> set[str]:
    """Whose work of that kind is done by the job, when it is asked until nothing is left."""

    def work(session: Session) -> None:
        while JOBS[job](session, NOW, **asked):
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
    """Of one who works for two brands it is done for the one that is named."""
    for name in ("anna", "bob", "mugs"):
        brand_id, creator_id = ids_by_name[name]
        assert names_done_for(databases, job, kind, brand_id=brand_id, creator_id=creator_id) == {name}
