"""A statement as one JSON value: the equation, and every line that its amounts are made of."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from payouts.ledger.balances import CreatorBalance, creator_balances
from payouts.ledger.models import Period
from payouts.ledger.operations import last_seq
from payouts.statements.document.head import period_json
from payouts.statements.document.movements import (
    CreatorMovements,
    Movement,
    Sections,
    by_creator,
    held_at_period_end,
    movements_of,
)
from payouts.statements.document.shape import SHAPE
from payouts.statements.minimum import minimum_of_statement
from payouts.statements.models import Statement
from payouts.statements.rows.columns import EQUATION, SPLIT, PartKind, as_json, money, names_of
from payouts.statements.rows.entries import entry_rows
from payouts.statements.rows.lines import line_rows
from payouts.statements.rows.scope import Scope, scope_of
from payouts.statements.rows.shown import waiting_messages, whole_lines
from payouts.statements.rows.totals import split_of
from tracker.errors import Fault
from tracker.ids import is_id
from tracker.people.accounts.models import Brand, Creator
from tracker.times import format_utc

IDS_PER_QUERY = 500
"""Ids in one query: SQLite limits the number of parameters."""


def statement_document(session: Session, statement: Statement) -> dict[str, Any]:
    """Build the statement from the current books, all of it in memory.

    Raises Fault when the equation does not balance.
    """
    brand = session.get_one(Brand, statement.brand_id)
    period = session.get_one(Period, statement.period_id)
    currency = statement.currency
    creators = _creator_parts(session, statement, period, minimum_of_statement(statement, brand))
    return {
        "format": SHAPE,
        "statement": statement.id,
        "brand": {"id": brand.id, "name": brand.name},
        "currency": currency,
        "period": period_json(period, brand),
        "review_ends_at": format_utc(statement.review_ends_at),
        "pay_from": format_utc(statement.pay_from),
        "not_an_invoice": True,
        "equation": _sum_of(currency, (part["equation"] for part in creators), EQUATION),
        "closing_split": _sum_of(currency, (part["closing_split"] for part in creators), SPLIT),
        "released_in_period": _total(currency, (part["released_in_period"] for part in creators)),
        "creators": creators,
    }


def _creator_parts(
    session: Session, statement: Statement, period: Period, minimum_minor: int
) -> list[dict[str, Any]]:
    brand_id, currency = statement.brand_id, statement.currency
    opening = creator_balances(session, brand_id, currency, before=period.starts_at)
    closing = creator_balances(session, brand_id, currency, before=period.ends_at)
    moved = by_creator(movements_of(session, period, currency))
    held = held_at_period_end(session, brand_id, period, currency)
    scope = scope_of(session, statement, last_seq(session, brand_id))
    parts = (
        _creator_part(
            session,
            scope,
            creator_id,
            opening.get(creator_id, CreatorBalance()),
            closing[creator_id],
            moved.get(creator_id, CreatorMovements()),
            held.get(creator_id, {}),
            minimum_minor,
        )
        for creator_id in closing
    )
    return [part for part in parts if _has_content(part)]


def _creator_part(
    session: Session,
    scope: Scope,
    creator_id: str,
    opening: CreatorBalance,
    closing: CreatorBalance,
    moved: CreatorMovements,
    held: dict[str, int],
    minimum_minor: int,
) -> dict[str, Any]:
    sections, currency = moved.sections, scope.currency
    if opening.total_minor + sections.change != closing.total_minor:
        raise Fault(
            f"The statement of {scope.period.name} does not balance for {creator_id}: "
            f"{opening.total_minor} + {sections.change} is not {closing.total_minor} {currency}."
        )
    creator = session.get_one(Creator, creator_id)
    entries = [each for each in moved.movements if each.section in ("adjustments", "payments")]
    rows = entry_rows(session, scope, [each.transaction_id for each in entries])
    own = [row for row in rows if row["creator_id"] == creator_id]
    return {
        "creator": {"id": creator.id, "name": creator.name},
        "equation": _equation(currency, opening, sections, closing),
        "closing_split": _split(currency, closing, minimum_minor),
        "released_in_period": money(sections.released, currency),
        "lines": _lines(session, scope, creator_id, moved.movements, held),
        "adjustments": _entries(own, "adjustments", currency),
        "payments": _entries(own, "payments", currency),
    }


def _entries(rows: Iterable[dict[str, Any]], kind: PartKind, currency: str) -> list[dict[str, Any]]:
    names = names_of(kind)
    shown = (
        as_json(names, json.loads(row["body"]), kind, currency) for row in rows if row["section"] == kind
    )
    return [{name: value for name, value in each.items() if name != "creator"} for each in shown]


def _equation(
    currency: str, opening: CreatorBalance, sections: Sections, closing: CreatorBalance
) -> dict[str, Any]:
    amounts_minor = (
        opening.total_minor,
        sections.earned,
        sections.reversed,
        sections.adjustments,
        sections.payments,
        closing.total_minor,
    )
    return {name: money(minor, currency) for name, minor in zip(EQUATION, amounts_minor, strict=True)}


def _split(currency: str, closing: CreatorBalance, minimum_minor: int) -> dict[str, Any]:
    """The parts of the closing amount, by the statement's minimum payout."""
    parts = split_of(closing.payable_minor, minimum_minor)
    amounts_minor = (closing.pending_minor, *parts, closing.in_transit_minor)
    return {name: money(minor, currency) for name, minor in zip(SPLIT, amounts_minor, strict=True)}


def _lines(
    session: Session, scope: Scope, creator_id: str, movements: list[Movement], held: dict[str, int]
) -> list[dict[str, Any]]:
    """One for each commission of the creator that moved in the period, or is held at its end."""
    subjects = {movement.subject_id for movement in movements} | held.keys()
    ids = sorted(subject for subject in subjects if is_id(subject, "com"))
    waiting = waiting_messages(session, scope.brand_id)
    found = []
    for start in range(0, len(ids), IDS_PER_QUERY):
        page = line_rows(session, scope, ids[start : start + IDS_PER_QUERY])
        own = [row for row in page if row.creator_id == creator_id]
        found += whole_lines(session, own, waiting)
    return [as_json(names_of("lines"), json.loads(each), "lines", scope.currency) for each in found]


def _has_content(part: dict[str, Any]) -> bool:
    amounts = [*part["equation"].values(), *part["closing_split"].values()]
    listed = part["lines"] or part["adjustments"] or part["payments"]
    return bool(listed or any(amount["minor"] for amount in amounts))


def _sum_of(currency: str, parts: Iterable[dict[str, Any]], names: tuple[str, ...]) -> dict[str, Any]:
    listed = list(parts)
    return {name: _total(currency, (part[name] for part in listed)) for name in names}


def _total(currency: str, amounts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return money(sum(amount["minor"] for amount in amounts), currency)
