"""Every movement at the rail has its row here, and every row its movement. A door: it opens transactions."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import Databases, reading, transact
from payouts.transfers.adoption import is_adopted
from payouts.transfers.freezing import compare_from, lift_freezes
from payouts.transfers.models import Payout
from payouts.transfers.returns import record_return
from payouts.transfers.stripe_rail import StripeRail
from payouts.transfers.stripe_shapes import Movement
from payouts.transfers.units import from_rail_amount
from tracker.errors import Conflict

LOOK_BACK = timedelta(days=35)
"""Reversals of older transfers are rare, and then a person has made them."""


@dataclass
class Reconciliation:
    """`returned`: reversals that were booked now. The others are differences that a person must look at."""

    compared: int = 0
    returned: list[str] = field(default_factory=list)
    unknown_transfers: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not self.unknown_transfers and not self.differences

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def reconcile(
    databases: Databases,
    rail: StripeRail,
    now: datetime,
    guard: Callable[[Session], None] = lambda _session: None,
) -> Reconciliation:
    """Compare the rail's movements of the last weeks with our payouts, and book what came back.

    When nothing is left over, freezes are lifted: the books and the rail tell the same story again.
    """
    found = Reconciliation()
    with reading(databases.main) as session:
        since = compare_from(session, now - LOOK_BACK)
    for movement in rail.list_transfer_movements(since):
        found.compared += 1
        with reading(databases.main) as session:
            payout = session.execute(
                select(Payout).where(Payout.transfer_ref == movement.transfer_ref)
            ).scalar_one_or_none()
            adopted = is_adopted(session, movement.transfer_ref or "")
        if adopted and movement.kind == "transfer":
            continue
        if payout is None:
            found.unknown_transfers.append(movement.transfer_ref or movement.movement_ref)
        elif movement.kind == "transfer":
            _compare(found, payout, movement)
        else:
            _take_back(found, databases, now, guard, payout, movement)
    if found.clean:
        transact(databases.main, partial(lift_freezes, now=now))
    return found


def _compare(found: Reconciliation, payout: Payout, movement: Movement) -> None:
    sent = -from_rail_amount(movement.amount, movement.currency)
    if (sent, movement.currency) != (payout.amount_minor, payout.currency):
        found.differences.append(
            f"{payout.id} is {payout.amount_minor} {payout.currency}, but {movement.transfer_ref} moved "
            f"{sent} {movement.currency}"
        )


def _take_back(
    found: Reconciliation,
    databases: Databases,
    now: datetime,
    guard: Callable[[Session], None],
    payout: Payout,
    movement: Movement,
) -> None:
    back = partial(
        record_return,
        now=now,
        payout_id=payout.id,
        reversal_ref=movement.movement_ref,
        amount_minor=from_rail_amount(movement.amount, movement.currency),
    )

    def guarded(session: Session) -> bool:
        guard(session)
        return back(session)

    try:
        if transact(databases.main, guarded):
            found.returned.append(payout.id)
    except Conflict as error:
        found.differences.append(str(error))
