"""Decisions of a person at the brand about one commission: hold, extend, release, decline, keep.

During the review of a draft that contains the commission they are posted to the draft's period, as far as the
money stands there, and the rest to the open period. `statement_id` names the draft; without it, it is the
oldest one. Each decision is recorded with its actor in the same transaction.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from payouts.commissions.adjustment import is_declined
from payouts.commissions.entries import (
    Change,
    current_amount_minor,
    entries_of,
    record_change,
)
from payouts.commissions.holds.ends import EXTENSION_DAYS, checked_extension, latest_end
from payouts.commissions.holds.placing import (
    hold_count,
    hold_words,
    holds_of,
    is_liftable,
    lift_hold,
    place_hold,
    placer_of,
)
from payouts.commissions.models import Commission, Hold, PlacedBy
from payouts.commissions.pay_dates import note_pay_dates
from payouts.commissions.reasons import DECISIONS, CommissionReason, decision_reason
from payouts.commissions.release import release_in_draft
from payouts.ledger.calendar import days_later
from payouts.statements.decisions.drafts import draft_of
from payouts.statements.decisions.limits import end_of_hold, require_declinable
from payouts.statements.decisions.records import record_about
from payouts.statements.decisions.subjects import live_commission, require_unpaid
from payouts.statements.models import DecisionKind
from tracker.audit.actors import Actor
from tracker.errors import Conflict, Invalid, NotFound
from tracker.people.accounts.rules_versions import load_rules
from tracker.reasons import Reason

REASONS = {code.value: words for code, words in DECISIONS.items()}
"""The codes that a person can give as a reason, with their words."""

_EXTENDABLE = (PlacedBy.PERSON, PlacedBy.CARRIED_OVER, PlacedBy.RULE)


@dataclass(frozen=True)
class Decided:
    """A decision that was taken. `ends_at` is that of its hold; `lifted` is how many holds it lifted."""

    decision_id: str
    ends_at: datetime | None = None
    lifted: int = 0


def decline(
    session: Session,
    now: datetime,
    commission_id: str,
    *,
    reason: str,
    actor: Actor,
    note: str = "",
    evidence: str = "",
    statement_id: str = "",
    reversal_ref: str | None = None,
) -> Decided:
    """Set a commission to 0.

    `reason` is a code of REASONS; the creator reads it and the note. `evidence` is stored for the brand.
    `reversal_ref` is the returned transfer of which the decision takes money back.
    Raises Invalid for an unknown code or a missing note; Conflict when the commission was declined or
    replaced before; both as `require_declinable` does.
    """
    commission = live_commission(session, commission_id)
    because = _reason(reason, note)
    if is_declined(entries_of(session, commission_id)):
        raise Conflict(f"{commission_id} was declined before.")
    draft = draft_of(session, commission, statement_id)
    require_declinable(session, now, commission, reason, evidence)
    details = {"code": reason, "note": note, "evidence": evidence, "reversal_ref": reversal_ref}
    record = record_about(session, now, DecisionKind.DECLINE, actor, commission, draft, **details)
    period = draft.period if draft else None
    change = Change("decline", record.decision_id, because, now, {"code": reason}, period)
    record_change(session, now, commission, change, amount_after_minor=0)
    record.finish(session)
    return Decided(record.decision_id)


def hold(
    session: Session,
    now: datetime,
    commission_id: str,
    *,
    reason: str,
    actor: Actor,
    note: str = "",
    until: date | None = None,
    statement_id: str = "",
) -> Decided:
    """Hold a commission until it is released, at the latest to the end of the brand's day `until`.

    Without `until` it is held as long as it may be. If its payout is on its way, the hold takes effect only
    when the payout fails. Raises Invalid as `decline` does, and for a day that is too early or too late;
    Conflict when the commission is worth nothing, was paid or was replaced.
    """
    commission = live_commission(session, commission_id)
    because = _reason(reason, note)
    if current_amount_minor(entries_of(session, commission_id)) == 0:
        raise Conflict(f"{commission_id} is worth nothing: there is nothing to hold.")
    require_unpaid(session, commission)
    ends_at = _end(session, now, commission, until)
    draft = draft_of(session, commission, statement_id)
    details = {"code": reason, "note": note, "hold_until": ends_at}
    record = record_about(session, now, DecisionKind.HOLD, actor, commission, draft, **details)
    cause_id = f"review:{1 + hold_count(session, commission_id)}"
    place_hold(
        session,
        now,
        commission,
        placed_by=PlacedBy.PERSON,
        cause_id=cause_id,
        reason=because,
        ends_at=ends_at,
        draft=draft.period if draft else None,
    )
    record.finish(
        session, [each.id for each in holds_of(session, commission_id) if each.cause_id == cause_id]
    )
    return Decided(record.decision_id, ends_at)


def _end(session: Session, now: datetime, commission: Commission, until: date | None) -> datetime:
    rules = load_rules(session, commission.brand_id)
    latest = latest_end(PlacedBy.PERSON, now, commission.release_at, rules.calendar_at(now).timezone)
    assert latest is not None, "only the hold of a dispute has no end"
    return latest if until is None else end_of_hold(until, now, latest, rules)


def extend(
    session: Session,
    now: datetime,
    commission_id: str,
    *,
    until: date,
    note: str,
    actor: Actor,
    statement_id: str = "",
) -> Decided:
    """Extend the review hold that ends last, once, by at most EXTENSION_DAYS.

    `note` says why. Raises Invalid without it, and for a day that is too early or too late; NotFound when no
    such hold stands; Conflict when it was extended before.
    """
    commission = live_commission(session, commission_id)
    if not note.strip():
        raise Invalid("An extension needs a note: say why the decision takes longer.")
    placed = _last_review_hold(session, commission)
    extended_to = _extended_end(session, now, commission, placed, until)
    draft = draft_of(session, commission, statement_id)
    details = {"note": note, "hold_until": extended_to}
    record = record_about(session, now, DecisionKind.EXTEND, actor, commission, draft, **details)
    extended = session.execute(
        update(Hold)
        .where(Hold.id == placed.id, Hold.lifted_at.is_(None), ~Hold.extended)
        .values(ends_at=extended_to, extended=True, extension_note=note.strip())
        .returning(Hold.id)
    )
    assert extended.first() is not None, "the hold was changed under the brand's lock"
    note_pay_dates(session, now, [commission.id])
    record.finish(session, [placed.id])
    return Decided(record.decision_id, extended_to)


def _last_review_hold(session: Session, commission: Commission) -> Hold:
    """The open review hold that ends last."""
    placed = [each for each in holds_of(session, commission.id) if placer_of(session, each) in _EXTENDABLE]
    if not placed:
        raise NotFound(f"{commission.id} has no review hold: there is nothing to extend.")
    return max(placed, key=lambda each: (each.ends_at is not None, each.ends_at, each.id))


def _extended_end(
    session: Session, now: datetime, commission: Commission, placed: Hold, until: date
) -> datetime:
    rules = load_rules(session, commission.brand_id)
    zone = rules.calendar_at(now).timezone
    placed_by = placer_of(session, placed)
    ends_at = placed.ends_at or latest_end(placed_by, placed.placed_at, commission.release_at, zone)
    assert ends_at is not None, "only the hold of a dispute has no end"
    latest = days_later(ends_at, EXTENSION_DAYS, zone)
    extended_to = end_of_hold(until, now, latest, rules)
    return checked_extension(placed_by, ends_at, extended_to, now, zone, extended=placed.extended)


def release(
    session: Session,
    now: datetime,
    commission_id: str,
    *,
    actor: Actor,
    note: str = "",
    statement_id: str = "",
) -> Decided:
    """Lift the holds that people or rules placed.

    What was due before the end of the draft's period, and is held by nothing else, is released there at once;
    all else is released by the job when it is due. `note` is stored with the holds. Raises NotFound when
    there is none to lift: the hold of a dispute or of an event ends only with its cause.
    """
    commission = live_commission(session, commission_id)
    active_holds = holds_of(session, commission_id)
    own = [placed for placed in active_holds if is_liftable(session, placed)]
    if not own:
        others = "".join(f" {hold_words(placed)}." for placed in active_holds)
        raise NotFound(f"No hold of {commission_id} can be lifted by a person.{others}")
    draft = draft_of(session, commission, statement_id)
    record = record_about(session, now, DecisionKind.RELEASE, actor, commission, draft, note=note)
    period = draft.period if draft else None
    lifted = sum(
        lift_hold(session, now, commission_id, each.cause_id, note=note.strip(), draft=period) for each in own
    )
    if draft is not None:
        release_in_draft(session, now, commission, draft.period)
    record.finish(session, [each.id for each in own])
    return Decided(record.decision_id, lifted=lifted)


def _reason(code: str, note: str) -> Reason:
    if code not in REASONS:
        raise Invalid(f"{code!r} is not a reason code. Choose one of: {', '.join(REASONS)}.")
    if code == "other" and not note.strip():
        raise Invalid("The reason 'other' needs a note: the creator will read it.")
    return decision_reason(CommissionReason(code), note.strip())
