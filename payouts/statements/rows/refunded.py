"""What shops reported as refunded, of the few commissions that have such a report."""

from collections.abc import Mapping, Sequence
from functools import cache

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from config.among import among
from payouts.commissions.due.reported import facts_after
from payouts.commissions.worth.causes import REPORT_KINDS, causes_of_sales
from payouts.commissions.worth.take_back import take_back_end
from payouts.statements.rows.sold import LineEntry, SoldCommission
from tracker.programs.models import Terms
from tracker.sales.orders.models import Sale


def refunded_minor(
    session: Session, rows: Sequence[SoldCommission], entries: Mapping[str, Sequence[LineEntry]]
) -> dict[str, int]:
    """By commission, of those with an entry for a report: the amount that was refunded by then."""
    reported = {row.id: row for row in rows if _has_report(entries.get(row.id, ()))}
    if not reported:
        return {}
    sales = {
        each.id: each
        for each in session.scalars(_sales(), {"ids": [row.sale_id for row in reported.values()]})
    }
    terms = {
        each.id: each
        for each in session.scalars(
            _whole_terms(), {"ids": list({row.terms_id for row in reported.values()})}
        )
    }
    causes = causes_of_sales(session, list(sales))
    found = {}
    for commission_id, row in reported.items():
        sale = sales[row.sale_id]
        until = take_back_end(sale.occurred_at, terms.get(row.terms_id))
        entered = [(entry.kind, entry.cause_id) for entry in entries[commission_id]]
        facts = facts_after(row.sold, causes.get(sale.id, []), entered, until)
        back = sum(amounts.amount for _, amounts in facts.effective_refunds())
        found[commission_id] = facts.sale.total if facts.cancelled else min(back, facts.sale.total)
    return found


def _has_report(entries: Sequence[LineEntry]) -> bool:
    """The first entry of a commission is its accrual."""
    return len(entries) > 1 and any(entry.kind in REPORT_KINDS for entry in entries)


@cache
def _sales() -> Select[Sale]:
    return select(Sale).where(among(Sale.id, "ids"))


@cache
def _whole_terms() -> Select[Terms]:
    return select(Terms).where(among(Terms.id, "ids"))
