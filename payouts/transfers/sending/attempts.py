"""Attempts: the key and the parameters are committed before the call, its outcome after it.

Rules of /v1/transfers and its idempotency keys: docs.stripe.com/api/idempotent_requests.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from payouts.ledger.models import Period
from payouts.settlement.freezes import is_frozen, place_freeze
from payouts.settlement.models import Attempt, Payout
from payouts.settlement.reasons import PAYOUT_TEXTS, FreezeReason, PayoutReason
from payouts.settlement.rules import counted_at
from payouts.settlement.transitions import detach_items, locked_payout, post_payout_event, transition
from payouts.statements.models import Statement
from payouts.transfers.models import Payee
from payouts.transfers.payees import payee_of
from payouts.transfers.sending.idempotency import absence_conclusive_from, idempotency_key, may_resend
from payouts.transfers.stripe.outcome import ABSENT, Outcome, is_conclusive
from payouts.transfers.stripe.shapes import transfer_parameters
from tracker.errors import Conflict
from tracker.ids import new_id
from tracker.people.accounts.models import Brand
from tracker.reasons import Reason

LEASE = timedelta(minutes=5)
"""Longer than one call with its timeouts; after it the caller is considered crashed."""


ARRIVED_LATE = "arrived late"
"""Returned by `record_outcome` when money moved under an attempt that the books had closed."""


@dataclass(frozen=True)
class Claim:
    """The right to resolve an attempt until its lease ends.

    `resend`: True to send the request again under its key, False to only look the transfer up.
    """

    attempt: Attempt
    resend: bool


def begin_attempt(session: Session, now: datetime, payout_id: str, api_version: str) -> Attempt:
    """Store the request that will be sent. Raises Conflict when the payout is not (or no longer) prepared."""
    payout = locked_payout(session, payout_id)
    transition(session, now, payout, "sending")
    payee = payee_of(session, payout.brand_id, payout.creator_id)
    if payee is None:
        raise Conflict(f"{payout_id} cannot be sent: the creator has no account at the payment provider.")
    number = 1 + int(
        session.scalar(select(func.count(Attempt.id)).where(Attempt.payout_id == payout_id)) or 0
    )
    attempt = Attempt(
        id=new_id("att", now),
        payout_id=payout_id,
        number=number,
        idempotency_key=idempotency_key(payout_id, number),
        parameters=_parameters(session, payout, payee, number),
        api_version=api_version,
        state="sending",
        look_up_only=False,
        first_sent_at=now,
        last_sent_at=now,
        lease_until=now + LEASE,
    )
    session.add(attempt)
    session.flush()
    return attempt


def claim_open_attempt(session: Session, now: datetime, attempt_id: str) -> Claim | None:
    """Take over an attempt whose outcome is open; None when another process has it.

    While payouts are frozen, nothing is sent, not even a repetition: the attempt may only be looked up.
    """
    claimed = session.execute(
        update(Attempt)
        .where(
            Attempt.id == attempt_id,
            Attempt.state.in_(("sending", "unknown")),
            Attempt.lease_until <= now,
        )
        .values(lease_until=now + LEASE)
        .returning(Attempt.id)
        .execution_options(synchronize_session=False)
    )
    if claimed.first() is None:
        return None
    attempt = session.get_one(Attempt, attempt_id, populate_existing=True)
    resend = may_resend(attempt, now) and not is_frozen(session)
    if resend:
        attempt.last_sent_at = now
    session.flush()
    return Claim(attempt, resend)


def claimable_attempts(session: Session, now: datetime) -> list[str]:
    """Attempts whose outcome is open and whose lease has expired, oldest first."""
    return list(
        session.execute(
            select(Attempt.id)
            .where(or_(Attempt.state == "sending", Attempt.state == "unknown"), Attempt.lease_until <= now)
            .order_by(Attempt.first_sent_at, Attempt.id)
        ).scalars()
    )


def record_outcome(
    session: Session, now: datetime, claimed: Attempt, outcome: Outcome, *, give_up: bool = False
) -> str:
    """Record the outcome of a try. Returns the attempt's new state: paid, failed or unknown.

    `give_up`: a person is sure that nothing was sent. Then the attempt fails if the claim is still valid and
    the transfer has been absent long enough to prove it.
    Returns ARRIVED_LATE when money moved under an attempt that had been closed: payouts are then frozen until
    the transfer is adopted.
    """
    payout = locked_payout(session, claimed.payout_id)
    attempt = session.get_one(Attempt, claimed.id, populate_existing=True)
    if attempt.state in ("paid", "failed"):
        if outcome.kind == "paid" and outcome.transfer_ref != attempt.transfer_ref:
            return _arrived_late(session, now, attempt, outcome)
        return attempt.state
    is_current_claim = attempt.lease_until == claimed.lease_until
    after_unknown = attempt.state == "unknown" or attempt.last_sent_at > attempt.first_sent_at
    _store_outcome(attempt, outcome)
    if give_up and outcome.code == ABSENT and is_current_claim and now >= absence_conclusive_from(attempt):
        confirmed = Outcome("failed", code="not_found", reason=Reason(PayoutReason.ABSENCE_CONFIRMED))
        _record_failed(session, now, attempt, payout, confirmed)
    elif not is_conclusive(outcome, after_unknown=after_unknown):
        _record_unknown(session, now, attempt, payout, outcome)
        if is_current_claim:
            attempt.lease_until = attempt.first_sent_at  # ends the lease: others may claim it
    elif outcome.kind == "paid":
        _record_paid(session, now, attempt, payout, outcome)
    else:
        _record_failed(session, now, attempt, payout, outcome)
    session.flush()
    return attempt.state


def _arrived_late(session: Session, now: datetime, attempt: Attempt, outcome: Outcome) -> str:
    attempt.transfer_ref = attempt.transfer_ref or outcome.transfer_ref
    parameters = {
        "transfer": outcome.transfer_ref,
        "payout": attempt.payout_id,
        "attempt": attempt.number,
        "state": attempt.state,
    }
    reason = Reason(FreezeReason.TRANSFER_AFTER_CLOSE, parameters)
    place_freeze(session, now, reason=reason, compare_from=attempt.first_sent_at)
    return ARRIVED_LATE


def _store_outcome(attempt: Attempt, outcome: Outcome) -> None:
    """Store why the try ended as it did; a try that succeeded needs no reason."""
    columns = PAYOUT_TEXTS.columns(outcome.reason)
    attempt.code, attempt.message = outcome.code, outcome.message
    attempt.reason_code, attempt.reason_parameters = columns["reason_code"], columns["reason_parameters"]


def _record_unknown(
    session: Session, now: datetime, attempt: Attempt, payout: Payout, outcome: Outcome
) -> None:
    attempt.state = "unknown"
    # A replayed failure, or a response to another request, never changes under this key: do not send again.
    attempt.look_up_only = attempt.look_up_only or outcome.replayed or outcome.kind == "conflict"
    session.flush()
    if payout.state == "sending":
        transition(session, now, payout, "unknown", reason=outcome.reason)


def _record_paid(session: Session, now: datetime, attempt: Attempt, payout: Payout, outcome: Outcome) -> None:
    attempt.state, attempt.transfer_ref, attempt.settled_at = "paid", outcome.transfer_ref, now
    session.flush()
    transition(session, now, payout, "paid", transfer_ref=outcome.transfer_ref)
    effective_at = counted_at(outcome.made_at, earliest=payout.prepared_at, now=now)
    post_payout_event(session, now, payout, "payout_confirmed", effective_at=effective_at)


def _record_failed(
    session: Session, now: datetime, attempt: Attempt, payout: Payout, outcome: Outcome
) -> None:
    attempt.state, attempt.settled_at = "failed", now
    _store_outcome(attempt, outcome)
    session.flush()
    transition(session, now, payout, "failed", reason=outcome.reason)
    post_payout_event(session, now, payout, "payout_released")
    detach_items(session, payout)


def _parameters(session: Session, payout: Payout, payee: Payee, number: int) -> dict[str, object]:
    brand = session.get_one(Brand, payout.brand_id)
    statement = session.get_one(Statement, payout.statement_id)
    period = session.get_one(Period, statement.period_id)
    return transfer_parameters(
        payout_id=payout.id,
        attempt=number,
        amount_minor=payout.amount_minor,
        currency=payout.currency,
        account_ref=payee.account_ref,
        description=f"{brand.name}, statement {period.name}",
    )
