"""The lines of a statement: one for each commission, with everything needed to reproduce its amounts."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.commissions.adjustment import entered_facts, is_declined
from payouts.commissions.entries import entry_json
from payouts.commissions.holds.placing import hold_words
from payouts.commissions.models import Commission, Entry, Hold
from payouts.commissions.take_back import take_back_end
from payouts.commissions.worth.causes import Cause, causes_of_sales
from payouts.ledger.models import Period, Transaction
from payouts.statements.document.movements import Movement, Sections
from tracker.money import Money, format_rate
from tracker.programs.models import Coupon, Link, Terms
from tracker.sales.attribution.models import Attribution
from tracker.sales.attribution.serializers import reason_words
from tracker.sales.orders.amounts import amounts_of
from tracker.sales.orders.models import Sale
from tracker.times import format_utc

IDS_PER_QUERY = 500
"""Ids in one query: SQLite limits the number of parameters."""


@dataclass(frozen=True)
class LineSource:
    """The rows that the line of one commission is made of."""

    commission: Commission
    sale: Sale
    attribution: Attribution
    terms: Terms
    link: Link | None
    coupon: Coupon | None
    entries: tuple[Entry, ...]
    holds: tuple[Hold, ...]
    refunded_minor: int


def line_sources(session: Session, commission_ids: Sequence[str], period: Period) -> Iterator[LineSource]:
    """In the order of the given ids, with the entries and refunds up to the end of the period."""
    for start in range(0, len(commission_ids), IDS_PER_QUERY):
        ids = commission_ids[start : start + IDS_PER_QUERY]
        entries = _entries(session, ids, period)
        holds = _holds(session, ids)
        rows = {row[0].id: row for row in _rows(session, ids)}
        causes = causes_of_sales(session, [row[1].id for row in rows.values()])
        for commission_id in ids:
            if commission_id in rows:
                row = rows[commission_id]
                own = entries[commission_id]
                yield _source(row, own, holds[commission_id], causes.get(row[1].id, []))


def line(source: LineSource, movements: Sequence[Movement], held_minor: int, pay_date: str) -> dict[str, Any]:
    """One line as JSON. Amounts carry their currency; times are UTC."""
    commission, sale = source.commission, source.sale
    sections = Sections()
    for movement in movements:
        sections.add(movement)
    return {
        "commission": commission.id,
        "creator": commission.creator_id,
        "order": sale.order_id,
        "occurred_at": format_utc(sale.occurred_at),
        "click": source.attribution.click_id,
        "link": source.link.code if source.link else None,
        "sub_ids": source.link.sub_ids if source.link else {},
        "coupon": source.coupon.code if source.coupon else None,
        "credited_because": reason_words(source.attribution),
        "credited_because_code": source.attribution.reason_code,
        "credited_because_parameters": source.attribution.reason_parameters,
        **_amounts(source, sections, held_minor),
        "base": commission.base,
        "rate_percent": format_rate(commission.rate_bp),
        "rate_from": commission.rate_from,
        "terms_version": source.terms.version,
        "status": _status(source, held_minor),
        "release_at": format_utc(commission.release_at),
        "pay_date": pay_date,
        "reasons": [entry_json(entry, commission.currency) for entry in source.entries],
        "holds": _active_holds_json(source, held_minor),
    }


def _amounts(source: LineSource, sections: Sections, held_minor: int) -> dict[str, Any]:
    commission, sold = source.commission, amounts_of(source.sale)
    amounts_minor = {
        "gross": sold.total,
        "discount": sold.discount,
        "tax": sold.tax,
        "shipping": sold.shipping,
        "refunded": source.refunded_minor,
        "base_amount": commission.base_minor,
        "commission_at_sale": commission.amount_minor,
        "earned": sections.earned,
        "reversed": sections.reversed,
        "released": sections.released,
        "held": held_minor,
        "remaining": _remaining_minor(source.entries),
    }
    return {name: Money(minor, commission.currency).as_json() for name, minor in amounts_minor.items()}


def _active_holds_json(source: LineSource, held_minor: int) -> list[dict[str, Any]]:
    """The holds that are active now, as the creator sees them; the evidence is shown only to the brand."""
    if held_minor <= 0:
        return []
    return [
        {
            "why": hold_words(hold),
            "reason_code": hold.reason_code,
            "reason_parameters": hold.reason_parameters,
            "since": format_utc(hold.placed_at),
        }
        for hold in source.holds
    ]


def _status(source: LineSource, held_minor: int) -> str:
    if is_declined(source.entries):
        return "declined" if source.commission.live else "superseded"
    if _remaining_minor(source.entries) == 0 and source.commission.amount_minor > 0:
        return "reversed"
    return "held" if held_minor > 0 else "released"


def _remaining_minor(entries: Sequence[Entry]) -> int:
    return entries[-1].amount_after_minor if entries else 0


def _source(row: Any, entries: list[Entry], holds: list[Hold], causes: list[Cause]) -> LineSource:
    commission, sale, attribution, terms, link, coupon = row
    facts = entered_facts(sale, causes, entries, take_back_end(sale, terms))
    back = sum(amounts.amount for _, amounts in facts.effective_refunds())
    refunded_minor = facts.sale.total if facts.cancelled else min(back, facts.sale.total)
    return LineSource(
        commission, sale, attribution, terms, link, coupon, tuple(entries), tuple(holds), refunded_minor
    )


def _rows(session: Session, ids: Sequence[str]) -> Sequence[Any]:
    return session.execute(
        select(Commission, Sale, Attribution, Terms, Link, Coupon)
        .join(Sale, Sale.id == Commission.sale_id)
        .join(Attribution, Attribution.id == Commission.attribution_id)
        .join(Terms, Terms.id == Attribution.terms_id)
        .join(Link, Link.id == Attribution.link_id, isouter=True)
        .join(Coupon, Coupon.id == Attribution.coupon_id, isouter=True)
        .where(Commission.id.in_(ids))
    ).all()


def _holds(session: Session, ids: Sequence[str]) -> dict[str, list[Hold]]:
    """Open holds, oldest first, by commission id."""
    found: dict[str, list[Hold]] = defaultdict(list)
    open_holds = select(Hold).where(Hold.commission_id.in_(ids), Hold.lifted_at.is_(None))
    for hold in session.scalars(open_holds.order_by(Hold.placed_at, Hold.id)):
        found[hold.commission_id].append(hold)
    return found


def _entries(session: Session, ids: Sequence[str], period: Period) -> dict[str, list[Entry]]:
    """Entries up to the end of the period. An entry without a posting belongs to its effective time."""
    found: dict[str, list[Entry]] = defaultdict(list)
    rows = session.execute(
        select(Entry, Period.starts_at)
        .join(Transaction, Transaction.id == Entry.transaction_id, isouter=True)
        .join(Period, Period.id == Transaction.period_id, isouter=True)
        .where(Entry.commission_id.in_(ids))
        .order_by(Entry.commission_id, Entry.line)
    )
    for entry, period_starts_at in rows:
        counted_at: datetime | None = period_starts_at
        if (counted_at or entry.effective_at) < period.ends_at:
            found[entry.commission_id].append(entry)
    return found
