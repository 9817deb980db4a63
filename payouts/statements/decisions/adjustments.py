"""A bonus or a deduction on a draft: posted to the draft's period, paid or taken with its statement."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy.orm import Session

from payouts.ledger.balances import CreatorBalance, creator_balances
from payouts.ledger.manual import book_manually
from payouts.statements.decisions.drafts import Draft, named_draft
from payouts.statements.decisions.records import begin_record
from payouts.statements.models import DecisionKind
from tracker.audit.actors import Actor
from tracker.errors import Conflict
from tracker.money import Money
from tracker.people.accounts.operations import get_creator

Adjustment = Literal[DecisionKind.BONUS, DecisionKind.DEDUCTION]


def adjust_draft(
    session: Session,
    now: datetime,
    statement_id: str,
    kind: Adjustment,
    *,
    creator_id: str,
    amount_minor: int,
    reason: str,
    actor: Actor,
) -> str:
    """Book a bonus or a deduction on a draft, in its currency. Returns the id of the decision.

    The brand and the creator read `reason`. Raises Invalid for a wrong amount or a missing reason; NotFound
    for an unknown statement or creator; Conflict when the statement is no draft, and for a deduction that is
    larger than what is payable to the creator at the end of the period.
    """
    draft = named_draft(session, statement_id)
    get_creator(session, creator_id)
    if kind is DecisionKind.DEDUCTION:
        _require_payable(session, draft, creator_id, amount_minor)
    owner: dict[str, Any] = {"brand_id": draft.statement.brand_id, "creator_id": creator_id}
    amount: dict[str, Any] = {"amount_minor": amount_minor, "currency": draft.statement.currency}
    details = owner | amount | {"statement_id": statement_id, "note": reason}
    record = begin_record(session, now, kind, actor, **details)
    assert record is not None, "only an undo can exist already"
    book_manually(
        session,
        now,
        **owner,
        **amount,
        kind=kind.value,
        key=record.decision_id,
        reason=reason,
        draft=draft.period,
    )
    record.finish(session)
    return record.decision_id


def _require_payable(session: Session, draft: Draft, creator_id: str, amount_minor: int) -> None:
    brand_id, currency = draft.statement.brand_id, draft.statement.currency
    balances = creator_balances(session, brand_id, currency, before=draft.period.ends_at)
    payable_minor = balances.get(creator_id, CreatorBalance()).payable_minor
    if amount_minor > payable_minor:
        raise Conflict(
            f"{Money(max(payable_minor, 0), currency)} is payable to {creator_id} in {draft.period.name}: a "
            f"deduction of {Money(amount_minor, currency)} is too large for its draft. To take it from the "
            "open period, run: linkledger ledger book deduction"
        )
