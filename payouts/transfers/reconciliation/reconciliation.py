"""Compare the provider's movements with our payouts, both ways. Entry point: it opens the transactions."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from payouts.settlement.freezes import (
    COMPARISON_MARGIN,
    active_freezes,
    compare_from,
    is_frozen,
    lift_freezes,
    place_freeze,
)
from payouts.settlement.models import Attempt, Payout
from payouts.settlement.reasons import FREEZE_TEXTS, FreezeReason
from payouts.settlement.returns import record_return
from payouts.transfers.models import Payee
from payouts.transfers.reconciliation.adoption import adoption_of, record_adopted_return
from payouts.transfers.stripe.amounts import from_rail_amount
from payouts.transfers.stripe.client import StripeRail
from payouts.transfers.stripe.outcome import is_transfer_of
from payouts.transfers.stripe.shapes import Movement, RailError, StripeTransfer
from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor, job_actor
from tracker.audit.operations import record
from tracker.errors import Conflict
from tracker.ids import is_id
from tracker.reasons import Reason

LOOK_BACK = timedelta(days=35)
"""How far back movements are compared. Reversals of older transfers are rare and made by a person."""

LISTING_DELAY = timedelta(hours=1)
"""The rail may list a transfer late: payouts confirmed within this time are compared in the next run."""

Guard = Callable[[Session], None]
JOB = job_actor("reconcile")


@dataclass
class Reconciliation:
    """The result of a comparison; unknown transfers and differences need a person.

    `returned`: payouts and adopted transfers whose reversals were booked now. `under_way`: transfers of
    payouts that are still in progress. `others`: transfers to accounts that belong to no creator here.
    `difference_reasons`: the codes and parameters of `differences`, in the same order.
    """

    compared: int = 0
    returned: list[str] = field(default_factory=list)
    under_way: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    unknown_transfers: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    difference_reasons: list[dict[str, Any]] = field(default_factory=list)

    def add_difference(self, reason: Reason) -> None:
        columns = FREEZE_TEXTS.columns(reason)
        self.differences.append(columns.pop("reason"))
        self.difference_reasons.append(columns)

    @property
    def clean(self) -> bool:
        return not self.unknown_transfers and not self.differences

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def reconcile(
    databases: Databases,
    rail: StripeRail,
    now: datetime,
    guard: Guard = lambda _session: None,
    *,
    actor: Actor = JOB,
) -> Reconciliation:
    """Compare the rail's movements of the last weeks with our payouts, and book reversals.

    A difference freezes payouts. If everything agrees and no transfer is `under_way`, the freezes that
    existed before are lifted.
    """
    with read_session(databases.main) as session:
        since = compare_from(session, now - LOOK_BACK)
        freezes = [each.subject_id for each in active_freezes(session)]
        confirmed = _confirmed_payouts(session, since + COMPARISON_MARGIN, now - LISTING_DELAY)
    comparison = _Comparison(databases, rail, now, guard)
    found = comparison.found
    for movement in rail.list_transfer_movements(since):
        comparison.compare_movement(movement)
    for payout in confirmed:
        comparison.check_payout(payout)

    def finish_comparison(session: Session) -> None:
        guard(session)
        if not found.clean and not is_frozen(session):
            place_freeze(session, now, reason=_freeze_reason(found), compare_from=since + COMPARISON_MARGIN)
        if found.clean and not found.under_way:
            lifted = lift_freezes(session, now, freezes)
            for freeze_id in lifted:
                record(session, now, actor, Action.FREEZE_LIFT, **about(Subject.FREEZE, freeze_id))

    transact(databases.main, finish_comparison)
    return found


def _confirmed_payouts(session: Session, since: datetime, until: datetime) -> list[Payout]:
    """Payouts that were paid, according to the books, by a transfer of that time."""
    rows = session.scalars(
        select(Payout)
        .join(Attempt, Attempt.transfer_ref == Payout.transfer_ref)
        .where(Attempt.state == "paid", Attempt.first_sent_at >= since, Attempt.settled_at <= until)
        .order_by(Payout.id)
    )
    return list(rows)


def _freeze_reason(found: Reconciliation) -> Reason:
    """The first difference."""
    if found.difference_reasons:
        first = found.difference_reasons[0]
        return Reason(FreezeReason(first["reason_code"]), first["reason_parameters"])
    return Reason(FreezeReason.TRANSFER_NOT_IN_BOOKS, {"transfer": found.unknown_transfers[0]})


class _Comparison:
    """One comparison, movement by movement."""

    def __init__(self, databases: Databases, rail: StripeRail, now: datetime, guard: Guard) -> None:
        self._databases, self._rail, self._now, self._guard = databases, rail, now, guard
        self._seen: set[str] = set()
        self.found = Reconciliation()

    def compare_movement(self, movement: Movement) -> None:
        """Every movement at the rail must belong to a payout or an adopted transfer."""
        self.found.compared += 1
        ref = movement.transfer_ref or movement.movement_ref
        with read_session(self._databases.main) as session:
            payout = session.execute(select(Payout).where(Payout.transfer_ref == ref)).scalar_one_or_none()
            adopted = adoption_of(session, ref) is not None
        if payout is None and not adopted:
            self._classify_unknown(ref)
        elif movement.kind != "transfer":
            self._record_reversal(payout, movement)
        elif payout is not None:
            self._compare(payout, ref, movement.currency, -movement.amount)
        self._seen.add(ref)

    def check_payout(self, payout: Payout) -> None:
        """Every paid payout must have its transfer at the rail; one that was not listed is read by its id."""
        ref = payout.transfer_ref or ""
        if ref in self._seen:
            return
        try:
            transfer = self._rail.transfer(ref)
        except RailError as error:
            if error.http_status != 404:
                raise
            parameters = {"payout": payout.id, "transfer": ref}
            self.found.add_difference(Reason(FreezeReason.TRANSFER_MISSING, parameters))
        else:
            self._compare(payout, ref, transfer.currency, transfer.amount)

    def _classify_unknown(self, ref: str) -> None:
        if ref in self._seen:
            return
        transfer = self._rail.transfer(ref)
        with read_session(self._databases.main) as session:
            if _is_in_flight(session, transfer):
                self.found.under_way.append(ref)
            elif _is_ours(session, transfer):
                self.found.unknown_transfers.append(ref)
            else:
                self.found.others.append(ref)

    def _compare(self, payout: Payout, ref: str, currency: str, rail_amount: int) -> None:
        sent = from_rail_amount(rail_amount, currency)
        if (sent, currency) != (payout.amount_minor, payout.currency):
            parameters = {
                "payout": payout.id,
                "booked": {"minor": payout.amount_minor, "currency": payout.currency},
                "transfer": ref,
                "moved": {"minor": sent, "currency": currency},
            }
            self.found.add_difference(Reason(FreezeReason.AMOUNT_DIFFERS, parameters))

    def _record_reversal(self, payout: Payout | None, movement: Movement) -> None:
        if payout is None:
            record = partial(record_adopted_return, now=self._now, movement=movement)
        else:
            record = partial(
                record_return,
                now=self._now,
                payout_id=payout.id,
                reversal_ref=movement.movement_ref,
                amount_minor=from_rail_amount(movement.amount, movement.currency),
                came_back_at=movement.created_at,
            )

        def guarded(session: Session) -> bool:
            self._guard(session)
            return record(session)

        try:
            if transact(self._databases.main, guarded):
                self.found.returned.append(payout.id if payout else str(movement.transfer_ref))
        except Conflict as error:
            found = error.reason or Reason(FreezeReason.RETURN_NOT_BOOKED, {"words": str(error)})
            self.found.add_difference(found)


def reversals_of(rail: StripeRail, transfer: StripeTransfer) -> list[Movement]:
    """The movements that returned parts of a transfer."""
    if not transfer.amount_reversed:
        return []
    movements = rail.list_transfer_movements(transfer.created_at)
    own = [each for each in movements if each.transfer_ref == transfer.transfer_ref]
    return [each for each in own if each.kind != "transfer"]


def _is_in_flight(session: Session, transfer: StripeTransfer) -> bool:
    """Whether this is the transfer of an attempt whose outcome is still open."""
    open_attempts = session.scalars(
        select(Attempt).where(
            Attempt.payout_id == transfer.metadata.get("payout_id", ""),
            Attempt.state.in_(("sending", "unknown")),
        )
    )
    return any(is_transfer_of(each.parameters, transfer) for each in open_attempts)


def _is_ours(session: Session, transfer: StripeTransfer) -> bool:
    """Whether the transfer went to a creator or names a payout: the rail account may also pay others."""
    ours = session.scalar(select(exists().where(Payee.account_ref == transfer.destination)))
    return bool(ours) or is_id(transfer.metadata.get("payout_id", ""), "pay")
