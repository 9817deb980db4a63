"""What shops reported of the sales of commissions and what is not entered in them yet, for a whole batch."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from config.among import among
from payouts.commissions.due.present_state import CommissionState
from payouts.commissions.worth.causes import Cause, causes_of_sales
from payouts.commissions.worth.facts import Facts
from payouts.commissions.worth.take_back import take_back_end
from tracker.programs.models import Terms
from tracker.sales.attribution.models import Attribution
from tracker.sales.orders.amounts import AMOUNT_COLUMNS, amounts_from
from tracker.sales.orders.models import Sale
from tracker.sales.reports.sale_amounts import SaleAmounts


@dataclass(frozen=True)
class Unentered:
    """A commission with the causes that are not entered in it, oldest first, and the facts without them.

    `until` is the end of the time in which refunds take back, as in `Cause.comes_late`.
    """

    state: CommissionState
    sold_at: datetime
    until: datetime | None
    facts: Facts
    causes: Sequence[Cause]


def unentered_reports(session: Session, states: Sequence[CommissionState]) -> list[Unentered]:
    """Those of the commissions for which something is not entered."""
    sale_ids = [each.sale_id for each in states]
    sales = {each[0]: each for each in session.execute(_sales_query(), {"sale_ids": sale_ids})}
    causes = causes_of_sales(session, sale_ids)
    named = session.execute(_terms_query(), {"ids": [each.attribution_id for each in states]})
    terms = dict(row for row in named)
    found = []
    for state in states:
        own = causes.get(state.sale_id, [])
        entered = {cause_id for _kind, cause_id in state.entered}
        waiting = [each for each in own if each.id not in entered]
        if waiting:
            _sale_id, sold_at, *amounts = sales[state.sale_id]
            until = take_back_end(sold_at, terms.get(state.attribution_id))
            facts = facts_after(amounts_from(amounts), own, state.entered, until)
            found.append(Unentered(state, sold_at, until, facts, waiting))
    return found


def facts_after(
    amounts: SaleAmounts,
    causes: Sequence[Cause],
    entered: Collection[tuple[str, str]],
    until: datetime | None,
) -> Facts:
    """The facts that the given entries take into account: pairs of kind and cause."""
    facts = Facts(amounts, declined=declined_after([kind for kind, _cause_id in entered]))
    cause_ids = {cause_id for _kind, cause_id in entered}
    for cause in causes:
        if cause.id in cause_ids:
            facts = cause.applied_to(facts, until)
    return facts


def declined_after(kinds: Sequence[str]) -> bool:
    """Whether a person declined the commission and did not undo it, or another one replaced it."""
    return "superseded" in kinds or kinds.count("decline") > kinds.count("decline_undone")


@cache
def _sales_query() -> Select[*tuple[Any, ...]]:
    """Ids, times and amounts. Parameter: `sale_ids`."""
    return select(Sale.id, Sale.occurred_at, *AMOUNT_COLUMNS).where(among(Sale.id, "sale_ids"))


@cache
def _terms_query() -> Select[str, Terms]:
    """By attribution: the version of the terms that it names. Parameter: `ids`."""
    named = select(Attribution.id, Terms).join(Terms, Terms.id == Attribution.terms_id)
    return named.where(among(Attribution.id, "ids"))
