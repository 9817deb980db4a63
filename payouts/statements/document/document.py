"""A statement as one JSON value: the equation, and every line that its amounts are made of."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.commissions.dates import expected_pay_date
from payouts.ledger.balances import CreatorBalance, creator_balances
from payouts.ledger.manual import posting_reason_json
from payouts.ledger.models import Period
from payouts.settlement.models import Payout
from payouts.statements.document.lines import line, line_sources
from payouts.statements.document.movements import (
    CreatorMovements,
    Movement,
    Sections,
    by_creator,
    held_at_period_end,
    movements_of,
)
from payouts.statements.minimum import minimum_of_statement
from payouts.statements.models import Statement
from tracker.errors import Fault
from tracker.ids import is_id
from tracker.money import Money
from tracker.people.accounts.brand_rules import BrandRules
from tracker.people.accounts.models import Brand, Creator
from tracker.people.accounts.rules_versions import load_rules
from tracker.times import format_utc

FORMAT = "linkledger.statement.1"


def statement_document(session: Session, statement: Statement) -> dict[str, Any]:
    """Build the statement from the current books. Raises Fault when the equation does not balance."""
    brand = session.get_one(Brand, statement.brand_id)
    period = session.get_one(Period, statement.period_id)
    currency = statement.currency
    rules = load_rules(session, brand.id)
    minimum_minor = minimum_of_statement(statement, brand)
    opening = creator_balances(session, brand.id, currency, before=period.starts_at)
    closing = creator_balances(session, brand.id, currency, before=period.ends_at)
    moved = by_creator(movements_of(session, period, currency))
    held = held_at_period_end(session, brand.id, period, currency)
    creators = [
        _creator_part(
            session,
            rules,
            period,
            creator_id,
            opening.get(creator_id, CreatorBalance()),
            closing[creator_id],
            moved.get(creator_id, CreatorMovements()),
            held.get(creator_id, {}),
            currency,
            minimum_minor,
        )
        for creator_id in closing
    ]
    creators = [part for part in creators if _has_content(part)]
    return {
        "format": FORMAT,
        "statement": statement.id,
        "brand": {"id": brand.id, "name": brand.name},
        "currency": currency,
        "period": _period(period, brand),
        "review_ends_at": format_utc(statement.review_ends_at),
        "pay_from": format_utc(statement.pay_from),
        "not_an_invoice": True,
        "equation": _sum_of(currency, (part["equation"] for part in creators), _EQUATION),
        "closing_split": _sum_of(currency, (part["closing_split"] for part in creators), _SPLIT),
        "released_in_period": _total(currency, (part["released_in_period"] for part in creators)),
        "creators": creators,
    }


_EQUATION = ("opening", "earned", "reversed", "adjustments", "payments", "closing")
_SPLIT = ("held", "payable", "below_minimum", "owed_by_creator", "in_transit")


def _creator_part(
    session: Session,
    rules: BrandRules,
    period: Period,
    creator_id: str,
    opening: CreatorBalance,
    closing: CreatorBalance,
    moved: CreatorMovements,
    held: dict[str, int],
    currency: str,
    minimum_minor: int,
) -> dict[str, Any]:
    sections = moved.sections
    if opening.total_minor + sections.change != closing.total_minor:
        raise Fault(
            f"The statement of {period.name} does not balance for {creator_id}: "
            f"{opening.total_minor} + {sections.change} is not {closing.total_minor} {currency}."
        )
    creator = session.get_one(Creator, creator_id)
    return {
        "creator": {"id": creator.id, "name": creator.name},
        "equation": _equation(currency, opening, sections, closing),
        "closing_split": _split(currency, closing, minimum_minor),
        "released_in_period": Money(sections.released, currency).as_json(),
        "lines": _lines(session, rules, period, creator_id, moved.movements, held),
        "adjustments": [_adjustment(each, currency) for each in moved.movements if _is_adjustment(each)],
        "payments": payments_of(session, moved.movements, currency),
    }


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
    return {
        name: Money(minor, currency).as_json() for name, minor in zip(_EQUATION, amounts_minor, strict=True)
    }


def _split(currency: str, closing: CreatorBalance, minimum: int) -> dict[str, Any]:
    """The parts of the closing amount. `minimum` is the statement's minimum payout in minor units."""
    payable = closing.payable_minor
    amounts_minor = {
        "held": closing.pending_minor,
        "payable": payable if payable >= max(minimum, 1) else 0,
        "below_minimum": payable if 0 < payable < minimum else 0,
        "owed_by_creator": -payable if payable < 0 else 0,
        "in_transit": closing.in_transit_minor,
    }
    return {name: Money(minor, currency).as_json() for name, minor in amounts_minor.items()}


def _lines(
    session: Session,
    rules: BrandRules,
    period: Period,
    creator_id: str,
    movements: list[Movement],
    held: dict[str, int],
) -> list[dict[str, Any]]:
    by_subject: dict[str, list[Movement]] = defaultdict(list)
    for movement in movements:
        by_subject[movement.subject_id].append(movement)
    subjects = by_subject.keys() | held.keys()
    ids = sorted(subject for subject in subjects if is_id(subject, "com"))
    found = []
    for source in line_sources(session, ids, period):
        if source.commission.creator_id != creator_id:
            continue
        own = by_subject.get(source.commission.id, [])
        pay_date = expected_pay_date(rules, source.commission.release_at)
        found.append(line(source, own, held.get(source.commission.id, 0), pay_date))
    return found


def _is_adjustment(movement: Movement) -> bool:
    return movement.section == "adjustments"


def _adjustment(movement: Movement, currency: str) -> dict[str, Any]:
    return {
        "what": movement.kind,
        "amount": Money(movement.signed_minor, currency).as_json(),
        **posting_reason_json(movement.kind, movement.inputs),
        "transaction": movement.transaction_id,
    }


def _has_content(part: dict[str, Any]) -> bool:
    amounts = [*part["equation"].values(), *part["closing_split"].values()]
    listed = part["lines"] or part["adjustments"] or part["payments"]
    return bool(listed or any(amount["minor"] for amount in amounts))


def _sum_of(currency: str, parts: Iterable[dict[str, Any]], names: tuple[str, ...]) -> dict[str, Any]:
    listed = list(parts)
    return {name: _total(currency, (part[name] for part in listed)) for name in names}


def _total(currency: str, amounts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return Money(sum(amount["minor"] for amount in amounts), currency).as_json()


def _period(period: Period, brand: Brand) -> dict[str, Any]:
    return {
        "name": period.name,
        "starts_at": format_utc(period.starts_at),
        "ends_at": format_utc(period.ends_at),
        "timezone": period.timezone or brand.timezone,
    }


def payments_of(session: Session, movements: Sequence[Movement], currency: str) -> list[dict[str, Any]]:
    """The payments and returns among the movements, in their order; returns are negative."""
    return [_payment(session, movement, currency) for movement in movements if movement.section == "payments"]


def _payment(session: Session, movement: Movement, currency: str) -> dict[str, Any]:
    row = session.execute(
        select(Payout, Period.name)
        .join(Statement, Statement.id == Payout.statement_id)
        .join(Period, Period.id == Statement.period_id)
        .where(Payout.id == movement.subject_id)
    ).one_or_none()
    payout, authorised_by = (row[0], row[1]) if row else (None, None)
    return {
        "what": movement.kind,
        "amount": Money(movement.signed_minor, currency).as_json(),
        "payout": payout.id if payout else None,
        "transfer": movement.inputs.get("transfer") or (payout.transfer_ref if payout else None),
        "reversal": movement.inputs.get("reversal"),
        **posting_reason_json(movement.kind, movement.inputs),
        "authorised_by": authorised_by,
        "transaction": movement.transaction_id,
    }
