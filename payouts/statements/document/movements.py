"""The postings of a period, by creator, assigned to the sections of a statement."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from payouts.ledger.models import Account, Period, Posting, Transaction
from payouts.ledger.rules import CREATOR_ACCOUNTS, event_between


@dataclass(frozen=True)
class Movement:
    """One posting on an account of a creator, with its section; `inputs` are those of its transaction."""

    creator_id: str
    subject_id: str
    kind: str
    transaction_id: str
    section: str
    signed_minor: int
    debit_kind: str
    credit_kind: str
    amount_minor: int
    inputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Sections:
    """The movements of the equation, in minor units: reversed less reinstated, payments less returns."""

    earned: int = 0
    reversed: int = 0
    adjustments: int = 0
    payments: int = 0
    released: int = 0

    def add(self, movement: Movement) -> None:
        if movement.section != "none":
            setattr(self, movement.section, getattr(self, movement.section) + movement.signed_minor)
        if movement.kind == "mature":
            self.released += movement.amount_minor
        if movement.kind == "hold":
            self.released -= movement.amount_minor

    @property
    def change(self) -> int:
        """Closing less opening."""
        return self.earned - self.reversed + self.adjustments - self.payments


@dataclass
class CreatorMovements:
    sections: Sections = field(default_factory=Sections)
    movements: list[Movement] = field(default_factory=list)


def movements_of(session: Session, period: Period, currency: str) -> list[Movement]:
    """Every posting of the period on an account of a creator, in the order of the hash chain."""
    debit, credit = aliased(Account), aliased(Account)
    rows = session.execute(
        select(Posting, Transaction, debit, credit)
        .join(Transaction, Transaction.id == Posting.transaction_id)
        .join(debit, debit.id == Posting.debit_account_id)
        .join(credit, credit.id == Posting.credit_account_id)
        .where(Transaction.period_id == period.id, Posting.currency == currency)
        .order_by(Transaction.seq, Posting.line)
    )
    found = []
    for posting, transaction, debited, credited in rows:
        owner = debited.creator_id or credited.creator_id
        if owner is None:
            continue
        rule = event_between(debited.kind, credited.kind, transaction.kind)
        found.append(
            Movement(
                creator_id=owner,
                subject_id=transaction.subject_id,
                kind=transaction.kind,
                transaction_id=transaction.id,
                section=rule.section,
                signed_minor=rule.sign * posting.amount_minor,
                debit_kind=debited.kind,
                credit_kind=credited.kind,
                amount_minor=posting.amount_minor,
                inputs=transaction.inputs,
            )
        )
    return found


def by_creator(movements: Iterable[Movement]) -> dict[str, CreatorMovements]:
    found: dict[str, CreatorMovements] = defaultdict(CreatorMovements)
    for movement in movements:
        found[movement.creator_id].sections.add(movement)
        found[movement.creator_id].movements.append(movement)
    return dict(found)


def held_at_period_end(
    session: Session, brand_id: str, period: Period, currency: str
) -> dict[str, dict[str, int]]:
    """By creator id and commission id: the amount that is held at the end of the period, if it is not 0."""
    sums: dict[tuple[str | None, str], int] = defaultdict(int)
    for side, sign in ((Posting.credit_account_id, 1), (Posting.debit_account_id, -1)):
        rows = session.execute(
            select(Account.creator_id, Transaction.subject_id, func.sum(Posting.amount_minor))
            .join(Transaction, Transaction.id == Posting.transaction_id)
            .join(Period, Period.id == Transaction.period_id)
            .join(Account, Account.id == side)
            .where(
                Transaction.brand_id == brand_id,
                Posting.currency == currency,
                Account.kind == CREATOR_ACCOUNTS[0],
                Period.starts_at <= period.starts_at,
            )
            .group_by(Account.creator_id, Transaction.subject_id)
        )
        for creator_id, subject_id, amount in rows:
            sums[creator_id, subject_id] += sign * int(amount)
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for (creator_id, subject_id), amount in sums.items():
        if amount > 0 and creator_id is not None:
            found[creator_id][subject_id] = amount
    return found
