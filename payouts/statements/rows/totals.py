"""The totals of a statement's creators, and of the statement: sums of its rows on top of the opening."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    Table,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    true,
)
from sqlalchemy.orm import Session

from config.among import among
from config.insert import insert_all
from payouts.ledger.balances import CreatorBalance, creator_balances
from payouts.ledger.rules import CREATOR_ACCOUNTS
from payouts.statements.minimum import minimum_of_statement
from payouts.statements.models import Statement
from payouts.statements.rows.candidates import has_earlier_period
from payouts.statements.rows.models import StatementCreator, StatementEntry, StatementLine, StatementTotal
from payouts.statements.rows.scope import Scope
from tracker.people.accounts.models import Brand, Creator

SECTIONS = ("earned", "reversed", "adjustments", "payments")
_COUNTS = ("line_count", "adjustment_count", "payment_count")
_SUMMED = (
    *(f"opening_{kind}_minor" for kind in CREATOR_ACCOUNTS),
    *(f"{section}_minor" for section in SECTIONS),
    "released_minor",
    *(f"{kind}_minor" for kind in CREATOR_ACCOUNTS),
    *_COUNTS,
)


def write_creators(
    session: Session, scope: Scope, creator_ids: Sequence[str], opening: Mapping[str, CreatorBalance]
) -> None:
    """Write the totals of these creators, again if they were written before."""
    own = {"statement_id": scope.statement_id, "ids": creator_ids}
    lines = {row.creator_id: row for row in session.execute(_line_sums(), own)}
    entries = {row.creator_id: row for row in session.execute(_entry_sums(), own)}
    names: dict[str, str] = dict(session.execute(_names(), {"ids": creator_ids}).all())
    session.execute(_delete_creators(), own)
    rows = [
        {
            "statement_id": scope.statement_id,
            "creator_id": each,
            "name": names[each],
            **_totals(opening.get(each, CreatorBalance()), lines.get(each), entries.get(each)),
        }
        for each in creator_ids
    ]
    insert_all(session, StatementCreator, rows)


def opening_of(
    session: Session, scope: Scope, former: Statement | None, creator_ids: Sequence[str]
) -> Mapping[str, CreatorBalance]:
    """By creator: what the closing of the statement before says, or the postings when it has no rows."""
    if former is not None:
        rows = session.execute(_closing(), {"statement_id": former.id, "ids": creator_ids})
        return {creator_id: CreatorBalance(*balances) for creator_id, *balances in rows}
    if not has_earlier_period(session, scope):
        return {}
    return creator_balances(session, scope.brand_id, scope.currency, before=scope.period.starts_at)


def _totals(opening: CreatorBalance, lines: Any, entries: Any) -> dict[str, int]:
    """What the lines do not move between `pending` and the brand they move on `payable`."""
    before = (opening.pending_minor, opening.payable_minor, opening.in_transit_minor)
    found = dict.fromkeys(_SUMMED, 0)
    found |= {f"opening_{kind}_minor": minor for kind, minor in zip(CREATOR_ACCOUNTS, before, strict=True)}
    found |= {f"{kind}_minor": minor for kind, minor in zip(CREATOR_ACCOUNTS, before, strict=True)}
    if lines is not None:
        found["line_count"] = lines.line_count
        for name in ("earned_minor", "reversed_minor", "released_minor", "pending_minor"):
            found[name] += int(getattr(lines, name))
        found["payable_minor"] += int(lines.earned_minor - lines.reversed_minor - lines.pending_minor)
    if entries is not None:
        for name in _SUMMED:
            if not name.startswith("opening_") and name != "line_count":
                found[name] += int(getattr(entries, name))
    return found


def write_total(session: Session, statement: Statement) -> None:
    """Write the totals of the statement from those of its creators."""
    brand = session.get_one(Brand, statement.brand_id)
    minimum_minor = minimum_of_statement(statement, brand)
    own = {"statement_id": statement.id, "minimum": max(minimum_minor, 1)}
    session.execute(delete(StatementTotal).where(StatementTotal.statement_id == statement.id))
    row = session.execute(_creator_sums(), own).one()
    values = {name: int(value or 0) for name, value in row._mapping.items()}
    session.execute(insert(StatementTotal), {"statement_id": statement.id, **values})


def sums_that_differ(session: Session, statement: Statement) -> Iterator[str]:
    """In words: where lines, entries, totals of creators and totals of the statement do not agree."""
    own = {"statement_id": statement.id, "minimum": 1}
    total = session.get_one(StatementTotal, statement.id, populate_existing=True)
    creators = session.execute(_creator_sums(), own).one()
    of_rows = session.execute(_row_sums(), own).one()
    for name in _SUMMED:
        if getattr(total, name) != int(getattr(creators, name)):
            yield f"the creators have {getattr(creators, name)} {name}, the statement {getattr(total, name)}"
    for name in ("line_count", *(f"{section}_minor" for section in SECTIONS), "released_minor"):
        if getattr(total, name) != int(getattr(of_rows, name)):
            yield f"the rows have {getattr(of_rows, name)} {name}, the statement {getattr(total, name)}"
    before = sum(getattr(total, f"opening_{kind}_minor") for kind in CREATOR_ACCOUNTS)
    change = total.earned_minor - total.reversed_minor + total.adjustments_minor - total.payments_minor
    after = sum(getattr(total, f"{kind}_minor") for kind in CREATOR_ACCOUNTS)
    if before + change != after:
        yield f"it does not balance: {before} + {change} is not {after}"


def split_of(payable_minor: int, minimum_minor: int) -> tuple[int, int, int]:
    """The parts of a `payable` balance: payable, below the minimum, owed by the creator. Pure."""
    if payable_minor < 0:
        return 0, 0, -payable_minor
    if payable_minor >= max(minimum_minor, 1):
        return payable_minor, 0, 0
    return 0, payable_minor, 0


_STATEMENT: BindParameter[str] = bindparam("statement_id")


def _sum(column: Any, name: str, condition: ColumnElement[bool] | None = None) -> ColumnElement[int]:
    counted = column if condition is None else case((condition, column), else_=0)
    return func.coalesce(func.sum(counted), 0).label(name)


@cache
def _line_sums() -> Select[*tuple[Any, ...]]:
    return (
        select(
            StatementLine.creator_id,
            func.count().label("line_count"),
            _sum(StatementLine.earned_minor, "earned_minor"),
            _sum(StatementLine.reversed_minor, "reversed_minor"),
            _sum(StatementLine.released_minor, "released_minor"),
            _sum(StatementLine.pending_minor, "pending_minor"),
        )
        .where(StatementLine.statement_id == _STATEMENT, among(StatementLine.creator_id, "ids"))
        .group_by(StatementLine.creator_id)
    )


@cache
def _entry_sums() -> Select[*tuple[Any, ...]]:
    section = StatementEntry.section
    return (
        select(
            StatementEntry.creator_id,
            *(_sum(StatementEntry.amount_minor, f"{each}_minor", section == each) for each in SECTIONS),
            _sum(StatementEntry.released_minor, "released_minor"),
            _sum(StatementEntry.pending_minor, "pending_minor"),
            _sum(StatementEntry.payable_minor, "payable_minor"),
            _sum(StatementEntry.in_transit_minor, "in_transit_minor"),
            func.sum(case((section == "adjustments", 1), else_=0)).label("adjustment_count"),
            func.sum(case((section == "payments", 1), else_=0)).label("payment_count"),
        )
        .where(StatementEntry.statement_id == _STATEMENT, among(StatementEntry.creator_id, "ids"))
        .group_by(StatementEntry.creator_id)
    )


@cache
def _row_sums() -> Select[*tuple[Any, ...]]:
    """Of all lines and entries of a statement. Parameter: `statement_id`."""
    lines = (
        select(
            func.count().label("line_count"),
            *(_sum(getattr(StatementLine, f"{each}_minor"), each) for each in _OF_LINES),
        )
        .where(StatementLine.statement_id == _STATEMENT)
        .subquery()
    )
    entries = (
        select(
            *(_sum(StatementEntry.amount_minor, each, StatementEntry.section == each) for each in SECTIONS),
            _sum(StatementEntry.released_minor, "released"),
        )
        .where(StatementEntry.statement_id == _STATEMENT)
        .subquery()
    )
    both = {each: entries.c[each] + lines.c[each] for each in _OF_LINES}
    only = {each: entries.c[each] for each in ("adjustments", "payments")}
    sums = [column.label(f"{each}_minor") for each, column in (both | only).items()]
    return select(lines.c.line_count, *sums).select_from(lines.join(entries, true()))


_OF_LINES = ("earned", "reversed", "released")


@cache
def _closing() -> Select[*tuple[Any, ...]]:
    return select(
        StatementCreator.creator_id,
        StatementCreator.pending_minor,
        StatementCreator.payable_minor,
        StatementCreator.in_transit_minor,
    ).where(StatementCreator.statement_id == _STATEMENT, among(StatementCreator.creator_id, "ids"))


@cache
def _names() -> Select[str, str]:
    return select(Creator.id, Creator.name).where(among(Creator.id, "ids"))


@cache
def _delete_creators() -> Any:
    return delete(StatementCreator).where(
        StatementCreator.statement_id == _STATEMENT, among(StatementCreator.creator_id, "ids")
    )


@cache
def _creator_sums() -> Select[*tuple[Any, ...]]:
    """Parameters: `statement_id`, `minimum`."""
    columns = cast(Table, StatementCreator.__table__).c
    payable = StatementCreator.payable_minor
    is_payable = payable >= bindparam("minimum")
    return select(
        *(_sum(columns[name], name) for name in _SUMMED),
        _sum(StatementCreator.pending_minor, "held_minor"),
        _sum(payable, "split_payable_minor", is_payable),
        _sum(payable, "below_minimum_minor", (payable > 0) & ~is_payable),
        _sum(-payable, "owed_by_creator_minor", payable < 0),
        _sum(case((has_content(), 1), else_=0), "creator_count"),
    ).where(StatementCreator.statement_id == _STATEMENT)


def has_content() -> ColumnElement[bool]:
    """Whether a creator has an amount or a row in the statement."""
    columns = cast(Table, StatementCreator.__table__).c
    empty = [columns[name] == 0 for name in _SUMMED]
    condition = ~empty[0]
    for each in empty[1:]:
        condition |= ~each
    return condition
