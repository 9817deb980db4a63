"""A payout run: prepare, send, record the outcome. Each stage is committed, so a run can be restarted.

Entry point: it opens the transactions. None is open while the rail is called.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.database import Databases, read_session, transact
from payouts.commissions.adjustment import enter_pending_reports
from payouts.settlement.freezes import is_frozen, require_not_frozen
from payouts.settlement.models import Attempt, Payout
from payouts.settlement.reasons import PayoutReason
from payouts.settlement.transitions import locked_payout
from payouts.transfers.models import Payee
from payouts.transfers.payees import has_status, payees_of, record_payee_status
from payouts.transfers.planning.funding import funding_block_reason
from payouts.transfers.planning.preparation import Plan, plans_of, prepare, reselect
from payouts.transfers.reconciliation.adoption import adoption_of
from payouts.transfers.sending.attempts import (
    ARRIVED_LATE,
    Claim,
    begin_attempt,
    claim_open_attempt,
    claimable_attempts,
    record_outcome,
)
from payouts.transfers.sending.idempotency import absence_conclusive_from
from payouts.transfers.sending.report import Report
from payouts.transfers.stripe.amounts import floor_from_rail
from payouts.transfers.stripe.client import PayeeStatus, RailError, StripeRail
from payouts.transfers.stripe.outcome import ABSENT, Outcome, outcome_of_lookup
from tracker.errors import Conflict, Fault
from tracker.money import Money
from tracker.reasons import Reason
from tracker.times import format_utc

Result = TypeVar("Result")
LOOK_BACK = timedelta(days=400)
"""How far back a look-up searches. The transfer group is the payout's own; this only limits the search."""

_ACCOUNT_SPECIFIC_STATUSES = (400, 403, 404)
"""HTTP statuses that concern only the account that was asked for."""


@dataclass(frozen=True)
class BegunAttempt:
    """An attempt that is committed and has to be sent, with its amount in minor units."""

    attempt: Attempt
    amount_minor: int


@dataclass(frozen=True)
class Postponed:
    """Why a payout stays prepared for now."""

    reason: Reason


Guard = Callable[[Session], None]
"""Called first in every transaction; raises when the run has lost its right to write."""


def no_guard(_session: Session) -> None:
    """The guard of a run that a person starts: there is no lease to check."""


def _balance_block_reason(payout: Payout, available_minor: int) -> Reason | None:
    if available_minor >= payout.amount_minor:
        return None
    shortfall = Money(payout.amount_minor - available_minor, payout.currency)
    return Reason(PayoutReason.BALANCE_SHORT, {"shortfall": shortfall.as_json()})


def running_clock(now: datetime) -> Callable[[], datetime]:
    """A clock that starts at `now` and runs on; leases and the age of keys are measured with it."""
    started_s = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - started_s)


class PayoutRun:
    """One payout run. `clock` returns the current time during the run; by default it runs on from `now`."""

    def __init__(
        self,
        databases: Databases,
        rail: StripeRail,
        now: datetime,
        *,
        rail_shared: bool = False,
        guard: Guard = no_guard,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._databases, self._rail = databases, rail
        self._clock = clock or running_clock(now)
        self._rail_shared, self._guard = rail_shared, guard
        self.report = Report()

    def pay(self, brand_id: str, *, early: bool = False) -> Report:
        """Prepare and send what the brand's sealed statements authorise."""
        self._write(partial(enter_pending_reports, now=self._clock(), brand_id=brand_id))
        for each in self._plans(brand_id, early):
            if each.block is not None:
                self.report.skip(each.creator_id, each.block)
                continue
            prepared = self._prepare(each.statement_id, each.creator_id)
            if prepared is not None and prepared.state == "settled":
                self.report.settled.append(prepared.id)
        self.send_prepared(brand_id)
        return self.report

    def retry(self, payout: Payout) -> bool:
        """Send a failed payout again with the entries that are open now. False: there is nothing to pay."""
        self._write(partial(enter_pending_reports, now=self._clock(), brand_id=payout.brand_id))
        again = self._prepare(payout.statement_id, payout.creator_id)
        if again is not None:
            self.send_prepared(payout.brand_id)
        return again is not None

    def _prepare(self, statement_id: str, creator_id: str) -> Payout | None:
        """Raises Fault when payouts are frozen, also when this has found why."""
        prepared = self._write(
            partial(prepare, now=self._clock(), statement_id=statement_id, creator_id=creator_id)
        )
        if prepared is None:
            self._require_not_frozen()
        return prepared

    def _require_not_frozen(self) -> None:
        with read_session(self._databases.main) as session:
            require_not_frozen(session)

    def send_prepared(self, brand_id: str) -> Report:
        with read_session(self._databases.main) as session:
            prepared = list(
                session.execute(
                    select(Payout)
                    .where(Payout.brand_id == brand_id, Payout.state == "prepared")
                    .order_by(Payout.id)
                ).scalars()
            )
        available: dict[str, int] = {}
        for payout in prepared:
            currency = payout.currency
            if currency not in available:
                available[currency] = floor_from_rail(self._rail.available_balance(currency), currency)
            available[currency] -= self._send(payout.id, available[currency])
        return self.report

    def resolve_open_attempts(self) -> Report:
        """Resolve every attempt whose outcome is open: by the same request under its key, or by a look-up."""
        with read_session(self._databases.main) as session:
            waiting = claimable_attempts(session, self._clock())
        for attempt_id in waiting:
            claim = self._write(partial(claim_open_attempt, now=self._clock(), attempt_id=attempt_id))
            if claim is not None:
                self._record_outcome(claim.attempt, self._resolve(claim))
        return self.report

    def give_up(self, payout_id: str) -> bool:
        """Used when a person is sure that nothing was sent. True: the payout failed and can be retried.

        While the rail certainly remembers the key, the same request is sent again: that cannot pay twice.
        After that, a transfer that the rail lists counts as paid; a transfer that is absent for long enough
        counts as never made.
        Raises Conflict when the outcome stays unknown, or when another process has the attempt.
        """
        with read_session(self._databases.main) as session:
            query = select(Attempt.id).where(Attempt.payout_id == payout_id)
            attempt_id = session.scalar(query.where(Attempt.state.in_(("sending", "unknown")))) or ""
        claim = self._write(partial(claim_open_attempt, now=self._clock(), attempt_id=attempt_id))
        if claim is None:
            raise Conflict(f"{payout_id} is not open, or is being sent at this moment.")
        outcome = self._resolve(claim)
        state = self._record_outcome(claim.attempt, outcome, give_up=True)
        if state == "unknown":
            raise Conflict(f"{payout_id} stays unknown. {self._open_reason(claim.attempt, outcome)}")
        return state == "failed"

    def _open_reason(self, attempt: Attempt, outcome: Outcome) -> str:
        if outcome.code != ABSENT:
            return outcome.message
        return (
            "The payment provider shows no such transfer, but a request may still be in progress. "
            f"From {format_utc(absence_conclusive_from(attempt))} on that is impossible; try again then."
        )

    def _plans(self, brand_id: str, early: bool) -> list[Plan]:
        """The plans, made after the rail was asked for the status of each payee who has a plan."""
        with read_session(self._databases.main) as session:
            plans = plans_of(session, self._clock(), brand_id, early=early)
            payees = payees_of(session, brand_id)
        creators = {each.creator_id for each in plans}
        changed = [self._refresh_payee(payee) for payee in payees if payee.creator_id in creators]
        if not any(changed):
            return plans
        with read_session(self._databases.main) as session:
            return plans_of(session, self._clock(), brand_id, early=early)

    def _refresh_payee(self, payee: Payee) -> bool:
        """Read and store the status of a payee. True when it has changed."""
        status = self._payee_status(payee)
        self._write(partial(record_payee_status, now=self._clock(), payee_id=payee.id, status=status))
        return not has_status(payee, status)

    def _payee_status(self, payee: Payee) -> PayeeStatus:
        """An account that the rail does not know must not prevent payouts to other creators."""
        try:
            return self._rail.payee_status(payee.account_ref)
        except RailError as error:
            if error.http_status not in _ACCOUNT_SPECIFIC_STATUSES:
                raise
            return PayeeStatus(False, error.reason, ())

    def _send(self, payout_id: str, available_minor: int) -> int:
        """Returns how much of the available amount was sent or may have been sent."""
        begun = self._write(partial(self._begin, payout_id=payout_id, available_minor=available_minor))
        if isinstance(begun, Postponed):
            self.report.wait(payout_id, begun.reason)
        if not isinstance(begun, BegunAttempt):
            self._require_not_frozen()
            return 0
        self._record_outcome(begun.attempt, self._send_attempt(begun.attempt))
        return begun.amount_minor

    def _begin(
        self, session: Session, payout_id: str, available_minor: int
    ) -> BegunAttempt | Postponed | None:
        """Select the entries again, because a hold or refund may have arrived, and begin an attempt.

        None when there is nothing (or nothing left) to send, or the books are not sound and payouts are
        frozen now. Funds are checked before sending, because a refused transfer fails the payout. Raises
        Fault while payouts are frozen.
        """
        now = self._clock()
        payout = locked_payout(session, payout_id)
        require_not_frozen(session)
        enter_pending_reports(session, now, payout.brand_id, payout.creator_id)
        payout = reselect(session, now, payout_id)
        if payout.state != "prepared" or is_frozen(session):
            return None
        reason = funding_block_reason(session, payout, shared=self._rail_shared)
        reason = reason or _balance_block_reason(payout, available_minor)
        if reason is not None:
            return Postponed(reason)
        return BegunAttempt(
            begin_attempt(session, now, payout_id, self._rail.api_version()), payout.amount_minor
        )

    def _send_attempt(self, attempt: Attempt) -> Outcome:
        return self._rail.send_transfer(attempt.parameters, attempt.idempotency_key, attempt.api_version)

    def _resolve(self, claim: Claim) -> Outcome:
        """Send the same request under the same key while that is safe, else look the transfer up."""
        return self._send_attempt(claim.attempt) if claim.resend else self._look_up(claim.attempt)

    def _look_up(self, attempt: Attempt) -> Outcome:
        try:
            found = self._rail.find_transfers(
                attempt.parameters["transfer_group"],
                attempt.parameters["destination"],
                attempt.first_sent_at - LOOK_BACK,
            )
        except RailError as error:  # the other attempts must still be resolved
            return Outcome("unknown", code="look_up_failed", reason=error.reason)
        with read_session(self._databases.main) as session:
            left = [each for each in found if adoption_of(session, each.transfer_ref) is None]
        return outcome_of_lookup(attempt.parameters, left)

    def _record_outcome(self, attempt: Attempt, outcome: Outcome, *, give_up: bool = False) -> str:
        """Raises Fault when money moved under an attempt that had been closed: then sending must stop."""
        state = self._write(lambda s: record_outcome(s, self._clock(), attempt, outcome, give_up=give_up))
        if state == ARRIVED_LATE:
            raise Fault(
                f"{outcome.transfer_ref} was made for {attempt.payout_id}, which had been closed. Payouts "
                "are frozen. To compare and book it, run: linkledger payout reconcile"
            )
        getattr(self.report, state).append(attempt.payout_id)
        return state

    def _write(self, work: Callable[[Session], Result]) -> Result:
        def guarded(session: Session) -> Result:
            self._guard(session)
            return work(session)

        return transact(self._databases.main, guarded)
