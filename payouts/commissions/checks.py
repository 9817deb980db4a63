"""Check: a commission's entries, its postings and a fresh computation from its sale agree."""

from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from payouts.commissions.adjustment import standing_facts
from payouts.commissions.entries import current_amount, entries_of
from payouts.commissions.facts import causes_of
from payouts.commissions.models import Commission, Entry
from payouts.commissions.rules import worth
from payouts.ledger.checks import Finding
from payouts.ledger.models import Account, Posting, Transaction
from tracker.sales.models import Sale


def commission_faults(session: Session) -> Iterator[Finding]:
    """What stands in the books for each commission is what its last entry says, and what its facts say."""
    booked = _booked(session)
    for commission in session.execute(select(Commission).order_by(Commission.id)).scalars():
        entries = entries_of(session, commission.id)
        yield from _faults_of(session, commission, entries, booked.get(commission.id, 0))


def _faults_of(
    session: Session, commission: Commission, entries: list[Entry], booked_minor: int
) -> Iterator[Finding]:
    amount = current_amount(entries)
    if booked_minor != amount:
        yield Finding(
            "commissions",
            commission.id,
            f"{commission.id} is entered with {amount}, but the books have {booked_minor}.",
        )
    sale = session.get_one(Sale, commission.sale_id)
    facts = standing_facts(sale, causes_of(session, sale.id), entries)
    computed = worth(facts, commission.base, commission.rate_bp)  # type: ignore[arg-type]
    if computed != amount:
        yield Finding(
            "commissions",
            commission.id,
            f"{commission.id} stands at {amount}, but its sale and refunds make {computed}.",
        )


def _booked(session: Session) -> dict[str, int]:
    """By commission, what it earned less what was reversed: its debits and credits of commission_expense."""
    sums: dict[str, int] = defaultdict(int)
    for side, sign in ((Posting.debit_account_id, 1), (Posting.credit_account_id, -1)):
        rows = session.execute(
            select(Transaction.subject_id, func.sum(Posting.amount_minor))
            .join(Transaction, Transaction.id == Posting.transaction_id)
            .join(Account, Account.id == side)
            .where(Account.kind == "commission_expense")
            .group_by(Transaction.subject_id)
        )
        for subject_id, amount in rows:
            sums[subject_id] += sign * int(amount)
    return sums
