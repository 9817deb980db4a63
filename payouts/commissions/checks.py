"""Check: a commission's entries, its postings and the amount computed again from its sale agree."""

from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.commissions.adjustment import entered_facts
from payouts.commissions.entries import current_amount_minor
from payouts.commissions.models import Commission, Entry
from payouts.commissions.take_back import take_back_end
from payouts.commissions.worth.causes import causes_of_sales
from payouts.commissions.worth.facts import Facts, worth_minor
from payouts.ledger.balances import subject_balances
from payouts.ledger.checks import Finding
from payouts.ledger.models import Posting, Transaction
from payouts.settlement.models import Item
from tracker.programs.models import Terms
from tracker.sales.attribution.models import Attribution
from tracker.sales.orders.models import Sale


def commission_faults(session: Session, ids: list[str]) -> Iterator[Finding]:
    """Those of these commissions whose last entry differs from its postings, or from what its facts give."""
    commissions = list(
        session.scalars(select(Commission).where(Commission.id.in_(ids)).order_by(Commission.id))
    )
    entries = _entries(session, ids)
    earned = subject_balances(session, ids, "commission_expense")
    held = subject_balances(session, ids, "pending")
    sale_ids = sorted({commission.sale_id for commission in commissions})
    sales = {sale.id: sale for sale in session.scalars(select(Sale).where(Sale.id.in_(sale_ids)))}
    causes = causes_of_sales(session, sale_ids)
    sent = _in_payouts(session, ids)
    terms = _terms(session, {commission.attribution_id for commission in commissions})
    for commission in commissions:
        own = entries[commission.id]
        sale = sales[commission.sale_id]
        until = take_back_end(sale, terms[commission.attribution_id])
        facts = entered_facts(sale, causes.get(sale.id, []), own, until)
        yield from _faults_of(commission, own, facts)
        held_minor = held[commission.id]
        yield from _book_faults(commission, own, -earned[commission.id], held_minor, commission.id in sent)


def _in_payouts(session: Session, commission_ids: list[str]) -> set[str]:
    """The commissions of which an entry is in a payout."""
    return set(
        session.scalars(
            select(Transaction.subject_id)
            .join(Posting, Posting.transaction_id == Transaction.id)
            .join(Item, Item.posting_id == Posting.id)
            .where(Item.live, Transaction.subject_id.in_(commission_ids))
        )
    )


def _terms(session: Session, attribution_ids: set[str]) -> dict[str, Terms]:
    """The version of the terms that each attribution names."""
    rows = session.execute(
        select(Attribution.id, Terms)
        .join(Terms, Terms.id == Attribution.terms_id)
        .where(Attribution.id.in_(attribution_ids))
    )
    return dict(row for row in rows)


def _entries(session: Session, commission_ids: list[str]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = defaultdict(list)
    query = select(Entry).where(Entry.commission_id.in_(commission_ids))
    for entry in session.scalars(query.order_by(Entry.commission_id, Entry.line)):
        found[entry.commission_id].append(entry)
    return found


def _faults_of(commission: Commission, entries: list[Entry], facts: Facts) -> Iterator[Finding]:
    amount = current_amount_minor(entries)
    computed = worth_minor(facts, commission.base, commission.rate_bp)  # type: ignore[arg-type]
    if computed != amount:
        message = f"{commission.id} is worth {amount} by its entries, but {computed} by its sale and refunds."
        yield Finding("commissions", commission.id, message)


def _book_faults(
    commission: Commission, entries: list[Entry], booked_minor: int, held_minor: int, is_in_payout: bool
) -> Iterator[Finding]:
    """While it is released, nothing is held; otherwise the whole amount, less what is in a payout."""
    amount = current_amount_minor(entries)
    if booked_minor != amount:
        message = f"{commission.id} is worth {amount} by its entries, but {booked_minor} in the books."
        yield Finding("commissions", commission.id, message)
    most = 0 if commission.matured_at is not None else amount
    least = 0 if is_in_payout else most
    if not least <= held_minor <= most:
        message = f"{commission.id} should have {most} on hold, but the books have {held_minor}."
        yield Finding("commissions", commission.id, message)
