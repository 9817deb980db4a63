"""Checks what pages read against the rows that it is made of: copies of balances, totals of sales.

What a job has not taken into account yet is no fault; what it has must agree. A part is seen at one moment.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from payouts.ledger.checks import BooksSoFar, Finding, Reads
from payouts.ledger.rules import CREATOR_ACCOUNTS, account_id
from payouts.rollups.balances import Owner, posted
from payouts.rollups.day_totals import day_totals
from payouts.rollups.models import BalanceCopy, BalanceMark, CountedDay, SaleDay, SaleMonth
from payouts.rollups.recorded import is_counted
from payouts.rollups.rules import FIGURES, Key, Scope, month_of
from payouts.rollups.write_totals import stored_totals
from tracker.people.accounts.brand_rules import BrandRules
from tracker.people.accounts.days import day_of, spans_of_day
from tracker.people.accounts.rules_versions import load_rules
from tracker.sales.orders.models import Sale

TRANSACTIONS_PER_READ = 2_000


def balance_copy_faults(reads: Reads, books: BooksSoFar) -> Iterator[Finding]:
    """Each copy is the sum of the postings up to the transaction whose number the mark has.

    `books` has the balances at the end of the brand's books, which the check has just summed up.
    """
    with reads() as session:
        mark = session.scalar(select(BalanceMark.seq).where(BalanceMark.brand_id == books.brand_id))
        copies = _copies(session, books.brand_id)
    if mark is None:
        return
    balances = defaultdict(int, books.balances)
    sign = 1 if mark > books.seq else -1
    first, last = sorted((mark, books.seq))
    for after in range(first, last, TRANSACTIONS_PER_READ):
        until = min(after + TRANSACTIONS_PER_READ, last)
        with reads() as session:
            changes = posted(session, books.brand_id, after=after, until=until)
        for owner, change in changes.items():
            balances[_account(owner)] += sign * change
    of_creators = {each for each in balances if each.split(":")[2] in CREATOR_ACCOUNTS}
    for account in sorted(of_creators | copies.keys()):
        if (copy := copies.get(account, 0)) != (balance := balances[account]):
            message = f"After number {mark} the balance of {account} is {balance}, but pages show {copy}."
            yield Finding("pages", account, message)


def _copies(session: Session, brand_id: str) -> dict[str, int]:
    columns = [getattr(BalanceCopy, name) for name in (*Owner._fields, "balance_minor")]
    rows = session.execute(select(*columns).where(BalanceCopy.brand_id == brand_id))
    return {_account(Owner(*owner)): minor for *owner, minor in rows}


def _account(owner: Owner) -> str:
    return account_id(owner.brand_id, owner.kind, owner.currency, owner.creator_id)


def sale_total_faults(reads: Reads, brand_id: str) -> Iterator[Finding]:
    """The totals of each day are those of its rows, and the totals of each month are sums of its days."""
    with reads() as session:
        rules = load_rules(session, brand_id)
        months = {month for (month,) in session.execute(_months(brand_id))}
    day = ""
    while True:
        with reads() as session:
            following = _next_day(session, brand_id, rules, day)
            found = [] if following is None else _day_faults(session, brand_id, rules, following)
        if following is None:
            break
        day = following
        months.add(month_of(day))
        yield from found
    for month in sorted(months):
        with reads() as session:
            found = _month_faults(session, brand_id, month)
        yield from found


def _months(brand_id: str) -> Any:
    """Names of months that have totals."""
    own = (SaleMonth.brand_id == brand_id, SaleMonth.scope == Scope.ALL.value)
    return select(SaleMonth.month).where(*own).distinct()


def _next_day(session: Session, brand_id: str, rules: BrandRules, day: str) -> str | None:
    """The next day with totals, or with a sale."""
    found = [
        session.scalar(select(func.min(table.day)).where(table.brand_id == brand_id, table.day > day))
        for table in (SaleDay, CountedDay)
    ]
    sales = select(func.min(Sale.occurred_at)).where(Sale.brand_id == brand_id)
    if day:
        sales = sales.where(Sale.occurred_at >= max(end for _start, end in spans_of_day(rules, day)))
    if (sold_at := session.scalar(sales)) is not None:
        found.append(day_of(rules, sold_at))
    return min((each for each in found if each is not None), default=None)


def _day_faults(session: Session, brand_id: str, rules: BrandRules, day: str) -> list[Finding]:
    computed = day_totals(session, brand_id, rules, day)
    wanted = {key: tuple(figures) for key, figures in computed.totals.items()}
    found = list(_differences(wanted, stored_totals(session, computed), day))
    if found and not is_counted(session, brand_id, spans_of_day(rules, day)):
        return []
    return found


def _month_faults(session: Session, brand_id: str, month: str) -> list[Finding]:
    """A day and its month are written together, so none of them is behind the other."""
    columns = [getattr(SaleDay, name) for name in Key._fields]
    sums = (
        select(*columns, *(func.sum(getattr(SaleDay, name)) for name in FIGURES))
        .where(SaleDay.brand_id == brand_id, SaleDay.day.between(f"{month}-01", f"{month}-31"))
        .group_by(*columns)
    )
    stored = select(*(getattr(SaleMonth, name) for name in (*Key._fields, *FIGURES))).where(
        SaleMonth.brand_id == brand_id,
        SaleMonth.scope.in_([each.value for each in Scope]),
        SaleMonth.month == month,
    )
    wanted, found = (
        {Key(*row[:3]): tuple(map(int, row[3:])) for row in session.execute(query)}
        for query in (sums, stored)
    )
    return list(_differences(wanted, found, month))


def _differences(
    wanted: dict[Key, tuple[int, ...]], stored: dict[Key, tuple[int, ...]], span: str
) -> Iterator[Finding]:
    for key in sorted(wanted.keys() | stored.keys()):
        if wanted.get(key) != stored.get(key):
            whose = f"{key.scope} {key.subject_id}, {key.currency}"
            message = (
                f"The totals of {whose} in {span} are {wanted.get(key)}, but pages show {stored.get(key)}."
            )
            yield Finding("pages", key.subject_id, message)
