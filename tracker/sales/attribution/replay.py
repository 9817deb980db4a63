"""Replays stored attributions from their inputs and compares the results.

Decisions of rules 1 and 2 are compared word for word, later ones by their codes and parameters. A later one
without a code has lost it when the database was migrated down and up again; then its words are compared.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from tracker.sales.attribution.evidence import iso_time
from tracker.sales.attribution.inputs import SaleFacts
from tracker.sales.attribution.models import Attribution
from tracker.sales.attribution.stored_decision import (
    RULES_IN_WORDS,
    StoredDecision,
    compared_candidates,
    replay_decision,
)
from tracker.sales.orders.models import Sale
from tracker.sales.orders.queries import sales_with_name

_StoredDecision = Row[*tuple[Any, ...]]
"""A row of `load_decisions`."""

_WINNER_FIELDS = ("enrollment_id", "terms_id", "link_id", "click_id", "coupon_id")


@dataclass(frozen=True)
class Scope:
    """Which decisions: those of one brand, of one order (by any of its names), or all."""

    brand_id: str | None = None
    order: str | None = None


@dataclass(frozen=True)
class Difference:
    """A stored decision that its inputs do not reproduce. `found` names what differs."""

    attribution_id: str
    revision: int
    brand_id: str
    order_id: str
    found: str


def count_decisions(session: Session, scope: Scope) -> int:
    count = select(func.count(Attribution.id))
    if scope.order is not None:
        count = count.where(Attribution.sale_id.in_(sales_with_name(scope.order, scope.brand_id)))
    elif scope.brand_id is not None:
        count = count.join(Sale, Sale.id == Attribution.sale_id).where(Sale.brand_id == scope.brand_id)
    return session.scalar(count) or 0


def next_decision_ids(
    session: Session, scope: Scope, after_id: str, limit: int
) -> tuple[list[str], str | None]:
    """Ids of decisions in the scope, after `after_id`, and the id after which to go on; None at the end.

    `limit` is the number of decisions that are looked at, in the order of their ids; those of other brands
    are left out afterwards. With the brand in the query, SQLite would read and sort all decisions of the
    brand for each page.
    """
    if scope.order is not None:
        of_order = Attribution.sale_id.in_(sales_with_name(scope.order, scope.brand_id))
        return list(session.scalars(select(Attribution.id).where(of_order).order_by(Attribution.id))), None
    page = select(Attribution.id, Sale.brand_id).join(Sale, Sale.id == Attribution.sale_id, isouter=True)
    page = page.where(Attribution.id > after_id).order_by(Attribution.id).limit(limit)
    found = session.execute(page).all()
    ids = [identifier for identifier, brand_id in found if scope.brand_id in (None, brand_id)]
    return ids, found[-1].id if len(found) == limit else None


def load_decisions(session: Session, ids: Sequence[str]) -> Sequence[_StoredDecision]:
    """These decisions, in the order of their ids."""
    columns = (
        Attribution.id,
        Attribution.revision,
        Attribution.enrollment_id,
        Attribution.terms_id,
        Attribution.link_id,
        Attribution.click_id,
        Attribution.coupon_id,
        Attribution.reason,
        Attribution.reason_code,
        Attribution.reason_parameters,
        Attribution.inputs,
        Attribution.candidates,
        Sale.brand_id,
        Sale.order_id,
        Sale.occurred_at,
    )
    query = select(*columns).join(Sale, Sale.id == Attribution.sale_id).where(Attribution.id.in_(ids))
    return session.execute(query.order_by(Attribution.id)).all()


def differences(page: Sequence[_StoredDecision]) -> Iterator[Difference]:
    for stored in page:
        found = _difference(stored)
        if found is not None:
            yield Difference(stored.id, stored.revision, stored.brand_id, stored.order_id, found)


def _difference(stored: _StoredDecision) -> str | None:
    try:
        replayed = replay_decision(stored.inputs)
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        return f"its inputs cannot be decided ({type(error).__name__}: {error})"
    names = [name for name, before, after in _compared(stored, replayed) if before != after]
    return f"decided again, other than stored: {', '.join(names)}" if names else None


def _compared(stored: _StoredDecision, replayed: StoredDecision) -> Iterator[tuple[str, Any, Any]]:
    """Each compared field: its name, the stored value and the replayed value."""
    for name in _WINNER_FIELDS:
        yield name, getattr(stored, name), getattr(replayed.winner, name, None)
    rules = stored.inputs["rules"]
    if rules in RULES_IN_WORDS or stored.reason_code is None:
        yield "reason", stored.reason, replayed.reason
    if rules in RULES_IN_WORDS or stored.reason_code is not None:
        yield "reason_code", stored.reason_code, replayed.reason_code
        yield "reason_parameters", stored.reason_parameters, replayed.reason_parameters
    known, again = stored.candidates, replayed.candidates
    yield "candidates", compared_candidates(known, rules), compared_candidates(again, rules)
    sale = SaleFacts(
        brand_id=stored.brand_id, order_id=stored.order_id, occurred_at=iso_time(stored.occurred_at)
    )
    yield "the sale", sale, stored.inputs["sale"]
