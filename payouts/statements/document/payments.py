"""The section "payments" of a statement: what was paid, and which statement authorised it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.ledger.models import Period
from payouts.settlement.models import Payout
from payouts.statements.document.movements import Movement
from payouts.statements.models import Statement
from tracker.money import Money


def payments_of(session: Session, movements: Sequence[Movement], currency: str) -> list[dict[str, Any]]:
    """The payments and returns among the movements, in their order; returns are negative."""
    return [_payment(session, movement, currency) for movement in movements if movement.section == "payments"]


def _payment(session: Session, movement: Movement, currency: str) -> dict[str, Any]:
    row = session.execute(
        select(Payout, Period.name)
        .join(Statement, Statement.id == Payout.statement_id)
        .join(Period, Period.id == Statement.period_id)
        .where(Payout.id == movement.subject_id)
    ).one_or_none()
    payout, authorised_by = (row[0], row[1]) if row else (None, None)
    return {
        "what": movement.kind,
        "amount": Money(movement.signed_minor, currency).as_json(),
        "payout": payout.id if payout else None,
        "transfer": movement.inputs.get("transfer") or (payout.transfer_ref if payout else None),
        "reversal": movement.inputs.get("reversal"),
        "reason": movement.inputs.get("reason"),
        "authorised_by": authorised_by,
        "transaction": movement.transaction_id,
    }
