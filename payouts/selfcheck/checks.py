"""The self-check: everything that must be true of the books, their statements and their payouts.

Runs every ten minutes and before each payout run. A finding stops payouts until it is resolved.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from sqlalchemy.orm import Session

from payouts.commissions.checks import commission_faults
from payouts.ledger.checks import Finding, balance_faults, chain_faults, posting_faults
from payouts.settlement.checks import entry_faults, payout_faults, settlement_faults, stuck_payouts
from payouts.settlement.freezes import active_freezes
from payouts.statements.checks import held_balance_faults, statement_faults
from tracker.errors import Fault

Check = Callable[[Session, datetime], Iterator[Finding]]

CHECKS: tuple[tuple[str, Check], ...] = (
    ("the chain of transactions is whole", lambda session, _now: chain_faults(session)),
    ("every posting is one that its event allows", lambda session, _now: posting_faults(session)),
    ("nothing is held or in transit below zero", lambda session, _now: balance_faults(session)),
    ("every commission is worth what its sale says", lambda session, _now: commission_faults(session)),
    ("sealed statements are unchanged and follow one another", lambda s, _now: statement_faults(s)),
    ("nothing is held below zero at the end of a period", lambda s, _now: held_balance_faults(s)),
    ("payouts agree with the books, item by item", lambda session, _now: payout_faults(session)),
    ("what no payout has settled is what is payable", lambda session, _now: settlement_faults(session)),
    ("every entry is open or in one sent payout", lambda session, _now: entry_faults(session)),
    ("no payout is stuck", stuck_payouts),
    ("payouts are not frozen", lambda session, _now: active_freezes(session)),
)


def self_check(session: Session, now: datetime) -> list[Finding]:
    """All faults, in the order of the checks. An empty list means that the books are consistent."""
    return [finding for _name, check in CHECKS for finding in check(session, now)]


def require_consistent_books(session: Session, now: datetime) -> None:
    """Raises Fault, which freezes payouts, when the self-check finds anything."""
    findings = self_check(session, now)
    if findings:
        more = f" and {len(findings) - 1} more" if len(findings) > 1 else ""
        raise Fault(
            f"Payouts are frozen: {findings[0].message}{more}. Nothing was sent. Run: linkledger check"
        )
