"""Check: a commission's entries, its postings and the amount computed again from its sale agree."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, defer, load_only

from config.among import among
from payouts.commissions.adjustment import entered_facts
from payouts.commissions.entries import current_amount_minor
from payouts.commissions.models import Commission, Entry
from payouts.commissions.worth.causes import causes_of_sales
from payouts.commissions.worth.facts import Facts, worth_minor
from payouts.commissions.worth.take_back import take_back_end
from payouts.ledger.balances import subject_balances_by_kind
from payouts.ledger.checks import Finding
from payouts.ledger.models import Posting, Transaction
from payouts.settlement.models import Item
from tracker.programs.models import Terms
from tracker.sales.attribution.models import Attribution
from tracker.sales.orders.models import Sale


def commission_faults(session: Session, ids: Sequence[str]) -> Iterator[Finding]:
    """Those of these commissions whose last entry differs from its postings, or from what its facts give."""
    parameters = {"ids": ids}
    commissions = session.scalars(_commissions_query(), parameters).all()
    entries = _entries(session, ids)
    booked = subject_balances_by_kind(session, ids)
    sale_ids = sorted({commission.sale_id for commission in commissions})
    sales = {sale.id: sale for sale in session.scalars(_sales_query(), {"ids": sale_ids})}
    causes = causes_of_sales(session, sale_ids)
    sent = set(session.scalars(_in_payouts_query(), parameters))
    attributions = [commission.attribution_id for commission in commissions]
    terms = dict(row for row in session.execute(_terms_query(), {"ids": attributions}))
    for commission in commissions:
        own = entries[commission.id]
        sale = sales[commission.sale_id]
        until = take_back_end(sale.occurred_at, terms[commission.attribution_id])
        facts = entered_facts(sale, causes.get(sale.id, []), own, until)
        yield from _faults_of(commission, own, facts)
        sums = booked[commission.id]
        earned_minor, held_minor = -sums["commission_expense"], sums["pending"]
        yield from _book_faults(commission, own, earned_minor, held_minor, commission.id in sent)


@cache
def _commissions_query() -> Select[Commission]:
    """Parameter: `ids`."""
    read = (
        Commission.id,
        Commission.sale_id,
        Commission.attribution_id,
        Commission.base,
        Commission.rate_bp,
        Commission.matured_at,
    )
    found = select(Commission).options(load_only(*read, raiseload=True)).where(among(Commission.id, "ids"))
    return found.order_by(Commission.id)


@cache
def _sales_query() -> Select[Sale]:
    """Without the columns that take longest to read. Parameter: `ids`."""
    unread = (Sale.items, Sale.excluded, Sale.created_at, Sale.checkout_started_at, Sale.ordered_at)
    without = [defer(each, raiseload=True) for each in unread]
    return select(Sale).options(*without).where(among(Sale.id, "ids"))


@cache
def _in_payouts_query() -> Select[str]:
    """The commissions of which an entry is in a payout. Parameter: `ids`."""
    return (
        select(Transaction.subject_id)
        .join(Posting, Posting.transaction_id == Transaction.id)
        .join(Item, Item.posting_id == Posting.id)
        .where(Item.live, among(Transaction.subject_id, "ids"))
    )


@cache
def _terms_query() -> Select[str, Terms]:
    """The version of the terms that each attribution names. Parameter: `ids` of attributions."""
    return (
        select(Attribution.id, Terms)
        .join(Terms, Terms.id == Attribution.terms_id)
        .where(among(Attribution.id, "ids"))
    )


def _entries(session: Session, commission_ids: Sequence[str]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in session.scalars(_entries_query(), {"ids": commission_ids}):
        found[entry.commission_id].append(entry)
    return found


@cache
def _entries_query() -> Select[Entry]:
    """Parameter: `ids` of commissions."""
    read = (Entry.commission_id, Entry.line, Entry.kind, Entry.cause_id, Entry.amount_after_minor)
    found = select(Entry).options(load_only(*read, raiseload=True)).where(among(Entry.commission_id, "ids"))
    return found.order_by(Entry.commission_id, Entry.line)


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
